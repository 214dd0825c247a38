import { add as plus } from "../../kernels/language.js";
import { reduceTo } from "../gradients.js";
import type { OpDefinition } from "../op.js";
import { broadcastTypes } from "../shapes.js";

/** a + b, element by element with broadcasting. */
export const add: OpDefinition = {
  name: "add",
  documentation: "a + b, element by element; shapes broadcast from the right.",
  infer: (inputs) => [broadcastTypes(inputs)],
  expression: (_, [a, b]) => plus(a!, b!),
  gradient: ({ node, upstream: [dy], needs, op }) => {
    if (!dy) return [undefined, undefined];
    const a = node.inputs[0]!;
    const b = node.inputs[1]!;
    return [needs(0) ? reduceTo(op, dy, a.type.shape) : undefined, needs(1) ? reduceTo(op, dy, b.type.shape) : undefined];
  },
};
