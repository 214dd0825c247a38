import { constant, div, unary } from "../../kernels/language.js";
import { sameAsInput } from "../shapes.js";
import type { OpDefinition } from "../op.js";

/** 1 / sqrt(x) */
export const rsqrt: OpDefinition = {
  name: "rsqrt",
  documentation: "1 / sqrt(x)",
  infer: (inputs) => [sameAsInput(inputs)],
  expression: (_, [x]) => div(constant(x!.type, 1, x!.lanes), unary("sqrt", x!)),
  gradient: ({ node, upstream: [dy], op }) => {
    if (!dy) return [undefined];
    const y = node.outputs[0]!;
    return [op("mul", [op("affine", [dy], { scale: -0.5, offset: 0 }), op("mul", [y, op("square", [y])])])];
  },
};
