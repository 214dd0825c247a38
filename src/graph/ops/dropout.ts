import type { OpDefinition } from "../op.js";
import { sameAsInput } from "../shapes.js";

/** Identity in inference; the training pass makes it a product with a random mask. */
export const dropout: OpDefinition = {
  name: "dropout",
  documentation:
    "x unchanged; in training multiplied by a mask that is 0 with probability rate, else 1/(1-rate) (1 where rescale is false); where `channels`, one draw for all places of a channel.",
  infer: (inputs) => [sameAsInput(inputs)],
  expression: (_, [x]) => x!,
  gradient: ({ upstream: [dy] }) => [dy],
};
