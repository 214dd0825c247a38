import { UserError } from "../../base/errors.js";
import { type RfftShape, rfftKernel, rfftLanes, rfftPlaces, rfftWorkspace } from "../../kernels/rfft.js";
import { rfftPlan } from "../../kernels/rfft_plan.js";
import { numberOf } from "../attributes.js";
import type { LowerContext } from "../lower.js";
import { floatOf } from "../lowering.js";
import type { OpDefinition } from "../op.js";
import { type Attributes, sizeOf, type TensorType, tensor } from "../types.js";
import { rowTime } from "../time.js";

/** Points of the transform, checked against the rows that it takes. */
export function transformLength(x: TensorType, attributes: Attributes): number {
  const length = numberOf(attributes, "length");
  const samples = x.shape[x.shape.length - 1]!;
  if (!Number.isInteger(Math.log2(length)) || length < 4 || length > 65536)
    throw new UserError(`the length must be a power of two from 4 to 65536, found ${length}`);
  if (samples > length) throw new UserError(`rows of ${samples} samples do not fit a transform of ${length} points`);
  return length;
}

/** Calls the kernel for all rows of the input; `bins` from bin 0. */
export function lowerRfft(context: LowerContext, bins: number, result: RfftShape["result"]): void {
  const [x, y] = [context.inputs[0]!, context.outputs[0]!];
  const element = floatOf(x);
  const samples = x.type.shape[x.type.shape.length - 1]!;
  const rows = sizeOf(x.type.shape) / samples;
  const length = transformLength(x.type, context.attributes);
  const shape = { rows, samples, length, bins, result, element, lanes: rfftLanes(rows, length, context.lanes, element) };
  const { twiddles } = rfftPlan(shape.length);
  const table = context.constant(element === "f64" ? twiddles : Float32Array.from(twiddles));
  const places = context.constant(rfftPlaces(shape));
  const work = context.workspace(element, rfftWorkspace(shape));
  context.call(`rfft ${JSON.stringify(shape)}`, () => rfftKernel("rfft", shape), [x, table, places, work, y]);
}

/** About 2.5 N log2 N additions and multiplications (Sorensen et al. 1987), half of them counted as multiply-accumulates. */
export function rfftMultiplyAccumulates([x]: readonly TensorType[], attributes: Attributes): number {
  const length = numberOf(attributes, "length");
  const rows = sizeOf(x!.shape) / x!.shape[x!.shape.length - 1]!;
  return rows * length * Math.log2(length);
}

/** Fourier transform of real rows. */
export const rfft: OpDefinition = {
  name: "rfft",
  documentation:
    "Fourier transform of real rows x[..., n], zeros put behind them up to `length` M (a power of two): [..., 2, M/2 + 1], real parts, then imaginary parts; not scaled.",
  time: rowTime,
  infer: ([x], attributes) => [tensor(x!.dtype, [...x!.shape.slice(0, -1), 2, transformLength(x!, attributes) / 2 + 1])],
  gradient: ({ node, upstream: [dy], op }) => {
    if (!dy) return [undefined];
    const x = node.inputs[0]!.type;
    const { length } = node.attributes;
    const flat = op("reshape", [dy], { shape: [...x.shape.slice(0, -1), (length as number) + 2] });
    const samples = x.shape[x.shape.length - 1]!;
    return [op("dense", [flat, op("table", [], { kind: "dft_transposed", length: length!, samples, dtype: x.dtype })])];
  },
  lower: (context) => lowerRfft(context, numberOf(context.attributes, "length") / 2 + 1, "complex"),
  multiplyAccumulates: (inputs, _, attributes) => rfftMultiplyAccumulates(inputs, attributes),
};
