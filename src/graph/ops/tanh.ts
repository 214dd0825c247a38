import { tanh as hyperbolic } from "../../kernels/math.js";
import { sameAsInput } from "../shapes.js";
import type { OpDefinition } from "../op.js";

/** hyperbolic tangent */
export const tanh: OpDefinition = {
  name: "tanh",
  documentation: "hyperbolic tangent",
  infer: (inputs) => [sameAsInput(inputs)],
  expression: (k, [x]) => hyperbolic(k, x!),
  gradient: ({ node, upstream: [dy], op }) => {
    if (!dy) return [undefined];
    const y = node.outputs[0]!;
    return [op("mul", [dy, op("affine", [op("square", [y])], { scale: -1, offset: 1 })])];
  },
};
