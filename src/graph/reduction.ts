import { reduceKernel } from "../kernels/reduce.js";
import { booleanOf, shapeOf } from "./attributes.js";
import type { LowerContext } from "./lower.js";
import { floatOf } from "./lowering.js";
import type { OpDefinition } from "./op.js";
import { normalAxes, reducedShape } from "./shapes.js";
import { sizeOf, tensor, type Value } from "./types.js";

/** Type rule of a reduction over the attribute axes; keep leaves them as 1. */
export const inferReduction: OpDefinition["infer"] = ([x], attributes) => [
  tensor(x!.dtype, reducedShape(x!.shape, shapeOf(attributes, "axes"), booleanOf(attributes, "keep"))),
];

/** Whether a reduction goes over the first axis, the batch. */
export function reducesBatch(shape: readonly number[], attributes: Parameters<typeof shapeOf>[0]): boolean {
  return normalAxes(shapeOf(attributes, "axes"), shape.length).includes(0);
}

/** A reduction can be brought through in parts of the batch unless it goes over the batch. */
export const batchingOfReduction: NonNullable<OpDefinition["batching"]> = ([x], _, attributes) =>
  reducesBatch(x!.shape, attributes) ? undefined : { sliced: [0], gives: "rows" };

/** Lowers a reduction of the first input. "mean" divides the sum by the number of elements that went into it. */
export function lowerReduction(context: LowerContext, kind: "sum" | "mean" | "max"): void {
  const x = context.inputs[0] as Value;
  const result = context.outputs[0] as Value;
  const { shape } = x.type;
  const axes = normalAxes(shapeOf(context.attributes, "axes"), shape.length);
  const scale = kind === "mean" ? 1 / (sizeOf(shape) / sizeOf(result.type.shape)) : 1;
  const spec = { element: floatOf(x), shape, axes, reduction: kind === "max" ? kind : ("sum" as const), scale };
  context.call(`reduce ${JSON.stringify(spec)}`, () => reduceKernel(spec, context.lanes), [x, result]);
}
