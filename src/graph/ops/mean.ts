import { shapeOf } from "../attributes.js";
import type { OpDefinition } from "../op.js";
import { batchingOfReduction, inferReduction, lowerReduction } from "../reduction.js";
import { reducedShape } from "../shapes.js";
import { sizeOf } from "../types.js";
import { reductionTime } from "../time.js";

/** Mean over axes. */
export const mean: OpDefinition = {
  name: "mean",
  documentation: "Mean over the attribute axes (negative: from the end); keep leaves them as 1.",
  time: reductionTime,
  infer: inferReduction,
  gradient: ({ node, upstream: [dy], op }) => {
    if (!dy) return [undefined];
    const x = node.inputs[0]!;
    const axes = shapeOf(node.attributes, "axes");
    const kept = op("reshape", [dy], { shape: reducedShape(x.type.shape, axes, true) });
    const scale = sizeOf(dy.type.shape) / sizeOf(x.type.shape);
    return [op("expand", [op("affine", [kept], { scale, offset: 0 })], { shape: x.type.shape })];
  },
  batching: batchingOfReduction,
  lower: (context) => lowerReduction(context, "mean"),
};
