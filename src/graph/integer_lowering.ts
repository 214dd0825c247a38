import { fillKernel } from "../kernels/fill.js";
import type { Multiplier } from "../kernels/fixed_point.js";
import { type IntegerProduct, integerProductKernel } from "../kernels/integer_product.js";
import { type Expression, type KernelBuilder } from "../kernels/language.js";
import { mapKernel } from "../kernels/map.js";
import type { Geometry } from "./convolution.js";
import type { LowerContext, Region } from "./lower.js";
import { copyStrided } from "./lowering.js";
import { stridesOf } from "./shapes.js";
import { sizeOf } from "./types.js";

/** Sets every element of a region. */
export function fillWith(context: LowerContext, region: Region, value: number): void {
  const { dtype, shape } = region.type;
  const size = sizeOf(shape);
  context.call(`fill ${dtype} ${size} ${value}`, () => fillKernel(dtype, size, value, context.lanes), [region]);
}

/** The map with its padding, as a region of its own where there is any; padding has the value zero, which is the zero point. */
export function paddedIntegerMap(
  context: LowerContext,
  g: Geometry,
  x: Region,
  zeroPoint: number,
): { region: Region; size: readonly [number, number] } {
  const channels = x.type.shape[3] as number;
  const size: [number, number] = [g.input[0] + g.before[0] + g.after[0], g.input[1] + g.before[1] + g.after[1]];
  if (size[0] === g.input[0] && size[1] === g.input[1]) return { region: x, size };
  const shape = [g.batch, ...size, channels];
  const region = context.workspace(x.type.dtype, sizeOf(shape));
  fillWith(context, region, zeroPoint);
  const strides = stridesOf(shape);
  const offset = g.before[0] * strides[1]! + g.before[1] * strides[2]!;
  copyStrided(context, x.type.shape, x, { strides: stridesOf(x.type.shape), offset: 0 }, region, { strides, offset });
  return { region, size };
}

/** Calls the integer product of kernels/integer_product.ts. */
export function integerProduct(
  context: LowerContext,
  spec: Omit<IntegerProduct, "shiftsLeft">,
  multipliers: readonly Multiplier[],
  x: Region,
): void {
  const [, w, bias] = context.inputs;
  const whole: IntegerProduct = { ...spec, shiftsLeft: multipliers.some((m) => m.shift > 0) };
  const list = (of: (m: Multiplier) => number): Region => context.constant(Int32Array.from(multipliers, of));
  context.call(`integer product ${JSON.stringify(whole)}`, () => integerProductKernel(whole, context.lanes), [
    x,
    w!,
    bias ?? context.constant(new Int32Array(spec.columns)),
    list((m) => m.multiplier),
    list((m) => Math.max(m.shift, 0)),
    list((m) => Math.max(-m.shift, 0)),
    context.outputs[0]!,
  ]);
}

/** Strides of a shape broadcast to another: 0 where it repeats. */
function broadcastStrides(shape: readonly number[], to: readonly number[]): number[] {
  const strides = stridesOf(shape);
  const lead = to.length - shape.length;
  return to.map((_, d) => (d < lead || shape[d - lead] === 1 ? 0 : strides[d - lead]!));
}

/** y = compute(inputs), element by element with broadcasting; `key` says everything that `compute` depends on. */
export function integerMap(
  context: LowerContext,
  key: unknown,
  compute: (k: KernelBuilder, inputs: readonly Expression[]) => Expression,
): void {
  const y = context.outputs[0]!;
  const { shape } = y.type;
  const inputs = context.inputs.map(({ type }) => ({
    element: type.dtype,
    strides: broadcastStrides(type.shape, shape),
    offset: 0,
  }));
  const outputs = [{ element: y.type.dtype, strides: stridesOf(shape), offset: 0 }];
  const make = () => mapKernel({ shape, inputs, outputs, body: (k, values) => [compute(k, values)] }, context.lanes);
  context.call(`integer map ${JSON.stringify([key, shape, inputs, outputs])}`, make, [...context.inputs, y]);
}
