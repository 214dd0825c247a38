import { binary, constant, select } from "../../kernels/language.js";
import type { OpDefinition } from "../op.js";
import { sameAsInput } from "../shapes.js";

/** 1 where x > 0, else 0. The gradient is zero. */
export const step: OpDefinition = {
  name: "step",
  documentation: "1 where x > 0, else 0. The gradient is zero.",
  infer: (inputs) => [sameAsInput(inputs)],
  expression: (_, [x]) => select(binary("gt", x!, 0), constant(x!.type, 1, x!.lanes), 0),
  gradient: () => [undefined],
};
