import { max } from "../../kernels/language.js";
import { sameAsInput } from "../shapes.js";
import type { OpDefinition } from "../op.js";

/** max(x, 0); NaN stays NaN, as in PyTorch and TensorFlow, where max gives its second operand. */
export const relu: OpDefinition = {
  name: "relu",
  documentation: "max(x, 0)",
  infer: (inputs) => [sameAsInput(inputs)],
  expression: (_, [x]) => max(0, x!),
  gradient: ({ node, upstream: [dy], op }) => {
    if (!dy) return [undefined];
    const y = node.outputs[0]!;
    return [op("mul", [dy, op("step", [y])])];
  },
};
