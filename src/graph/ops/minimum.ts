import { min } from "../../kernels/language.js";
import { reduceTo } from "../gradients.js";
import type { OpDefinition } from "../op.js";
import { broadcastTypes } from "../shapes.js";

/** the smaller of a and b, element by element with broadcasting. */
export const minimum: OpDefinition = {
  name: "minimum",
  documentation: "the smaller of a and b, element by element; shapes broadcast from the right.",
  infer: (inputs) => [broadcastTypes(inputs)],
  expression: (_, [a, b]) => min(a!, b!),
  gradient: ({ node, upstream: [dy], needs, op }) => {
    if (!dy) return [undefined, undefined];
    const a = node.inputs[0]!;
    const b = node.inputs[1]!;
    return [
      needs(0) ? reduceTo(op, op("mul", [dy, op("greater", [b, a])]), a.type.shape) : undefined,
      needs(1)
        ? reduceTo(op, op("mul", [dy, op("affine", [op("greater", [b, a])], { scale: -1, offset: 1 })]), b.type.shape)
        : undefined,
    ];
  },
};
