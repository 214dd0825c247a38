import { sub as minus } from "../../kernels/language.js";
import { reduceTo } from "../gradients.js";
import type { OpDefinition } from "../op.js";
import { broadcastTypes } from "../shapes.js";

/** a - b, element by element with broadcasting. */
export const sub: OpDefinition = {
  name: "sub",
  documentation: "a - b, element by element; shapes broadcast from the right.",
  infer: (inputs) => [broadcastTypes(inputs)],
  expression: (_, [a, b]) => minus(a!, b!),
  gradient: ({ node, upstream: [dy], needs, op }) => {
    if (!dy) return [undefined, undefined];
    const a = node.inputs[0]!;
    const b = node.inputs[1]!;
    return [
      needs(0) ? reduceTo(op, dy, a.type.shape) : undefined,
      needs(1) ? reduceTo(op, op("neg", [dy]), b.type.shape) : undefined,
    ];
  },
};
