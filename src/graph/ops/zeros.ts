import { fillKernel } from "../../kernels/fill.js";
import { shapeOf } from "../attributes.js";
import type { OpDefinition } from "../op.js";
import { sizeOf, tensor } from "../types.js";

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
  lower: (context) => {
    const y = context.outputs[0]!;
    const size = sizeOf(y.type.shape);
    context.call(`fill ${y.type.dtype} ${size} 0`, () => fillKernel(y.type.dtype, size, 0, context.lanes), [y]);
  },
};
