import { unary } from "../../kernels/language.js";
import { sameAsInput } from "../shapes.js";
import type { OpDefinition } from "../op.js";

/** square root of x >= 0 */
export const sqrt: OpDefinition = {
  name: "sqrt",
  documentation: "square root of x >= 0",
  infer: (inputs) => [sameAsInput(inputs)],
  expression: (_, [x]) => unary("sqrt", x!),
  gradient: ({ node, upstream: [dy], op }) => {
    if (!dy) return [undefined];
    const y = node.outputs[0]!;
    return [op("div", [op("affine", [dy], { scale: 0.5, offset: 0 }), y])];
  },
};
