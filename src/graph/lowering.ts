import { type Contraction, contractionKernel } from "../kernels/contraction.js";
import { type MapOperand, mapKernel } from "../kernels/map.js";
import { type PadSpecification, padKernel } from "../kernels/pad.js";
import type { LowerContext, Region } from "./lower.js";
import type { DType } from "./types.js";

/** Element type of a floating-point op's kernels. */
export function floatOf(region: Region): "f32" | "f64" {
  const { dtype } = region.type;
  if (dtype !== "f32" && dtype !== "f64") throw new Error(`a floating-point kernel was asked for ${dtype}`);
  return dtype;
}

/** C = A B in the general sense of kernels/contraction.ts. */
export function contract(context: LowerContext, spec: Contraction, a: Region, b: Region, c: Region): void {
  const key = `contraction ${JSON.stringify(spec)}`;
  context.call(key, () => contractionKernel(spec, context.lanes, context.registers), [a, b, c]);
}

/** Copies a strided view of `from` to a strided view of `to`. */
export function copyStrided(
  context: Pick<LowerContext, "call" | "lanes">,
  shape: readonly number[],
  from: Region,
  source: { strides: readonly number[]; offset: number },
  to: Region,
  target: { strides: readonly number[]; offset: number },
): void {
  const operand = (dtype: DType, place: { strides: readonly number[]; offset: number }): MapOperand => ({
    element: dtype,
    ...place,
  });
  const inputs = [operand(from.type.dtype, source)];
  const outputs = [operand(to.type.dtype, target)];
  const key = `copy ${JSON.stringify({ shape, inputs, outputs })}`;
  context.call(key, () => mapKernel({ shape, inputs, outputs, body: (_, [x]) => [x!] }, context.lanes), [from, to]);
}

/** Writes the padded or stuffed map. */
export function pad(context: LowerContext, spec: PadSpecification, x: Region, y: Region): void {
  context.call(`pad ${JSON.stringify(spec)}`, () => padKernel(spec, context.lanes), [x, y]);
}
