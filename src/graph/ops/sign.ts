import { binary, constant, select } from "../../kernels/language.js";
import type { OpDefinition } from "../op.js";
import { sameAsInput } from "../shapes.js";

/** 1, 0 or -1. The gradient is zero. */
export const sign: OpDefinition = {
  name: "sign",
  documentation: "1 where x > 0, -1 where x < 0, else 0. The gradient is zero.",
  infer: (inputs) => [sameAsInput(inputs)],
  expression: (k, [x]) => {
    const one = constant(x!.type, 1, x!.lanes);
    const negative = k.let(select(binary("lt", x!, 0), constant(x!.type, -1, x!.lanes), 0));
    return select(binary("gt", x!, 0), one, negative);
  },
  gradient: () => [undefined],
};
