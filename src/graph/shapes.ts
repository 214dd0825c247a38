import { UserError } from "../base/errors.js";
import { type TensorType, tensor, typeText } from "./types.js";

/** Type of an op's result that looks like its only input. */
export function sameAsInput(inputs: readonly TensorType[]): TensorType {
  if (inputs.length !== 1) throw new UserError(`takes one input, found ${inputs.length}`);
  const x = inputs[0] as TensorType;
  return tensor(x.dtype, x.shape);
}

/** The shape that all inputs broadcast to, dimensions aligned on the right. */
export function broadcastTypes(inputs: readonly TensorType[]): TensorType {
  const first = inputs[0] as TensorType;
  const rank = Math.max(...inputs.map((t) => t.shape.length));
  const shape = new Array<number>(rank).fill(1);
  for (const input of inputs) {
    if (input.dtype !== first.dtype) throw new UserError(`mixes ${first.dtype} and ${input.dtype}`);
    input.shape.forEach((n, i) => {
      const d = rank - input.shape.length + i;
      if (n === 1 || n === shape[d]) return;
      if (shape[d] !== 1) throw new UserError(`${inputs.map(typeText).join(" and ")} do not broadcast: ${shape[d]} against ${n}`);
      shape[d] = n;
    });
  }
  return tensor(first.dtype, shape);
}

/** Axes counted from the front. */
export function normalAxes(axes: readonly number[], rank: number): number[] {
  return axes.map((a) => {
    const axis = a < 0 ? a + rank : a;
    if (!Number.isInteger(axis) || axis < 0 || axis >= rank) throw new UserError(`axis ${a} is outside a tensor of ${rank} axes`);
    return axis;
  });
}

/** Shape after a reduction over `axes`. */
export function reducedShape(shape: readonly number[], axes: readonly number[], keep: boolean): number[] {
  const set = new Set(normalAxes(axes, shape.length));
  return shape.flatMap((n, i) => (set.has(i) ? (keep ? [1] : []) : [n]));
}

/** Elements between neighbours along each axis of a dense tensor. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = (strides[i + 1] as number) * (shape[i + 1] as number);
  return strides;
}

/** Strides of a shape broadcast to another: 0 where it repeats. */
export function broadcastStrides(shape: readonly number[], to: readonly number[]): number[] {
  const strides = stridesOf(shape);
  const lead = to.length - shape.length;
  return to.map((_, d) => (d < lead || shape[d - lead] === 1 ? 0 : strides[d - lead]!));
}
