import type { OpDefinition } from "../op.js";
import { sameAsInput } from "../shapes.js";

/** x, for which nothing is learned: the gradient is zero. */
export const stopGradient: OpDefinition = {
  name: "stop_gradient",
  documentation: "x. The gradient is zero.",
  infer: (inputs) => [sameAsInput(inputs)],
  expression: (_, [x]) => x!,
  gradient: () => [undefined],
};
