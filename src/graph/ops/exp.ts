import { exp as exponential } from "../../kernels/math.js";
import { sameAsInput } from "../shapes.js";
import type { OpDefinition } from "../op.js";

/** e^x */
export const exp: OpDefinition = {
  name: "exp",
  documentation: "e^x",
  infer: (inputs) => [sameAsInput(inputs)],
  expression: (k, [x]) => exponential(k, x!),
  gradient: ({ node, upstream: [dy], op }) => {
    if (!dy) return [undefined];
    const y = node.outputs[0]!;
    return [op("mul", [dy, y])];
  },
};
