import { shapeOf } from "../attributes.js";
import type { OpDefinition } from "../op.js";
import { inferReduction, lowerReduction, reducesBatch } from "../reduction.js";
import { reducedShape } from "../shapes.js";
import { reductionTime } from "../time.js";

/** Sum over axes. */
export const sum: OpDefinition = {
  name: "sum",
  documentation: "Sum over the attribute axes (negative: from the end); keep leaves them as 1.",
  time: reductionTime,
  infer: inferReduction,
  gradient: ({ node, upstream: [dy], op }) => {
    if (!dy) return [undefined];
    const x = node.inputs[0]!;
    const axes = shapeOf(node.attributes, "axes");
    return [op("expand", [op("reshape", [dy], { shape: reducedShape(x.type.shape, axes, true) })], { shape: x.type.shape })];
  },
  batching: ([x], _, attributes) => ({ sliced: [0], gives: reducesBatch(x!.shape, attributes) ? "sum" : "rows" }),
  lower: (context) => lowerReduction(context, "sum"),
};
