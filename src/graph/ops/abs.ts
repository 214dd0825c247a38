import { unary } from "../../kernels/language.js";
import { sameAsInput } from "../shapes.js";
import type { OpDefinition } from "../op.js";

/** |x| */
export const abs: OpDefinition = {
  name: "abs",
  documentation: "|x|",
  infer: (inputs) => [sameAsInput(inputs)],
  expression: (_, [x]) => unary("abs", x!),
  gradient: ({ node, upstream: [dy], op }) => {
    if (!dy) return [undefined];
    const x = node.inputs[0]!;
    return [op("mul", [dy, op("sign", [x])])];
  },
};
