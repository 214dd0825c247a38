import { mul as times } from "../../kernels/language.js";
import { reduceTo } from "../gradients.js";
import type { OpDefinition } from "../op.js";
import { broadcastTypes } from "../shapes.js";

/** a * b, element by element with broadcasting. */
export const mul: OpDefinition = {
  name: "mul",
  documentation: "a * b, element by element; shapes broadcast from the right.",
  infer: (inputs) => [broadcastTypes(inputs)],
  expression: (_, [a, b]) => times(a!, b!),
  gradient: ({ node, upstream: [dy], needs, op }) => {
    if (!dy) return [undefined, undefined];
    const a = node.inputs[0]!;
    const b = node.inputs[1]!;
    return [
      needs(0) ? reduceTo(op, op("mul", [dy, b]), a.type.shape) : undefined,
      needs(1) ? reduceTo(op, op("mul", [dy, a]), b.type.shape) : undefined,
    ];
  },
};
