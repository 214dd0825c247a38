import { div as over } from "../../kernels/language.js";
import { reduceTo } from "../gradients.js";
import type { OpDefinition } from "../op.js";
import { broadcastTypes } from "../shapes.js";

/** a / b, element by element with broadcasting. */
export const div: OpDefinition = {
  name: "div",
  documentation: "a / b, element by element; shapes broadcast from the right.",
  infer: (inputs) => [broadcastTypes(inputs)],
  expression: (_, [a, b]) => over(a!, b!),
  gradient: ({ node, upstream: [dy], needs, op }) => {
    if (!dy) return [undefined, undefined];
    const a = node.inputs[0]!;
    const b = node.inputs[1]!;
    return [
      needs(0) ? reduceTo(op, op("div", [dy, b]), a.type.shape) : undefined,
      needs(1) ? reduceTo(op, op("neg", [op("mul", [dy, op("div", [node.outputs[0]!, b])])]), b.type.shape) : undefined,
    ];
  },
};
