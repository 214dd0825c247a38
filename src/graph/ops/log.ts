import { log as logarithm } from "../../kernels/math.js";
import { sameAsInput } from "../shapes.js";
import type { OpDefinition } from "../op.js";

/** natural logarithm of x > 0 */
export const log: OpDefinition = {
  name: "log",
  documentation: "natural logarithm of x > 0",
  infer: (inputs) => [sameAsInput(inputs)],
  expression: (k, [x]) => logarithm(k, x!),
  gradient: ({ node, upstream: [dy], op }) => {
    if (!dy) return [undefined];
    const x = node.inputs[0]!;
    return [op("div", [dy, x])];
  },
};
