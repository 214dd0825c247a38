import { mul } from "../../kernels/language.js";
import { sameAsInput } from "../shapes.js";
import type { OpDefinition } from "../op.js";

/** x * x */
export const square: OpDefinition = {
  name: "square",
  documentation: "x * x",
  infer: (inputs) => [sameAsInput(inputs)],
  expression: (_, [x]) => mul(x!, x!),
  gradient: ({ node, upstream: [dy], op }) => {
    if (!dy) return [undefined];
    const x = node.inputs[0]!;
    return [op("mul", [op("affine", [dy], { scale: 2, offset: 0 }), x])];
  },
};
