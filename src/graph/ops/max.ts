import { shapeOf } from "../attributes.js";
import type { OpDefinition } from "../op.js";
import { batchingOfReduction, inferReduction, lowerReduction } from "../reduction.js";
import { reducedShape } from "../shapes.js";
import { reductionTime } from "../time.js";

/** Largest element over axes. */
export const max: OpDefinition = {
  name: "max",
  documentation: "Largest element over the attribute axes (negative: from the end); keep leaves them as 1.",
  time: reductionTime,
  infer: inferReduction,
  gradient: ({ node, upstream: [dy], op }) => {
    if (!dy) return [undefined];
    const x = node.inputs[0]!;
    const axes = shapeOf(node.attributes, "axes");
    const shape = reducedShape(x.type.shape, axes, true);
    const largest = op("reshape", [node.outputs[0]!], { shape });
    // Equal largest elements share the gradient evenly.
    const smaller = op("greater", [largest, x]);
    const ties = op("affine", [smaller], { scale: -1, offset: 1 });
    const share = op("div", [op("reshape", [dy], { shape }), op("sum", [ties], { axes: [...axes], keep: true })]);
    return [op("mul", [ties, share])];
  },
  batching: batchingOfReduction,
  lower: (context) => lowerReduction(context, "max"),
};
