import { unary } from "../../kernels/language.js";
import type { OpDefinition } from "../op.js";
import { sameAsInput } from "../shapes.js";

/** Nearest integer, halves to even. The gradient is zero. */
export const round: OpDefinition = {
  name: "round",
  documentation: "Nearest integer, halves to even. The gradient is zero.",
  infer: (inputs) => [sameAsInput(inputs)],
  expression: (_, [x]) => unary("nearest", x!),
  gradient: () => [undefined],
};
