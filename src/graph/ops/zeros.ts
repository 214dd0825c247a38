import { shapeOf } from "../attributes.js";
import { fillZeros } from "../lowering.js";
import type { OpDefinition } from "../op.js";
import { tensor } from "../types.js";

/** Zeros, such as a recurrent cell's first state. */
export const zeros: OpDefinition = {
  name: "zeros",
  documentation: "Zeros of the attribute shape, where 0 copies x's dimension at that place; x gives the type and is not read.",
  infer: ([x], attributes) => [
    tensor(
      x!.dtype,
      shapeOf(attributes, "shape").map((n, i) => (n === 0 ? x!.shape[i]! : n)),
    ),
  ],
  gradient: () => [undefined],
  lower: (context) => fillZeros(context, context.outputs[0]!),
};
