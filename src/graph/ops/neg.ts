import { unary } from "../../kernels/language.js";
import { sameAsInput } from "../shapes.js";
import type { OpDefinition } from "../op.js";

/** -x */
export const neg: OpDefinition = {
  name: "neg",
  documentation: "-x",
  infer: (inputs) => [sameAsInput(inputs)],
  expression: (_, [x]) => unary("neg", x!),
  gradient: ({ upstream: [dy], op }) => {
    if (!dy) return [undefined];
    return [op("neg", [dy])];
  },
};
