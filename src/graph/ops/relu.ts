import { max } from "../../kernels/language.js";
import { sameAsInput } from "../shapes.js";
import type { OpDefinition } from "../op.js";

/** max(x, 0) */
export const relu: OpDefinition = {
  name: "relu",
  documentation: "max(x, 0)",
  infer: (inputs) => [sameAsInput(inputs)],
  expression: (_, [x]) => max(x!, 0),
  gradient: ({ node, upstream: [dy], op }) => {
    if (!dy) return [undefined];
    const y = node.outputs[0]!;
    return [op("mul", [dy, op("step", [y])])];
  },
};
