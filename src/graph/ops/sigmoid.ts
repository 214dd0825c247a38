import { sigmoid as logistic } from "../../kernels/math.js";
import { sameAsInput } from "../shapes.js";
import type { OpDefinition } from "../op.js";

/** 1 / (1 + e^-x) */
export const sigmoid: OpDefinition = {
  name: "sigmoid",
  documentation: "1 / (1 + e^-x)",
  infer: (inputs) => [sameAsInput(inputs)],
  expression: (k, [x]) => logistic(k, x!),
  gradient: ({ node, upstream: [dy], op }) => {
    if (!dy) return [undefined];
    const y = node.outputs[0]!;
    return [op("mul", [dy, op("mul", [y, op("affine", [y], { scale: -1, offset: 1 })])])];
  },
};
