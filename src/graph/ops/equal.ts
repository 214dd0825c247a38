import { binary, constant, select } from "../../kernels/language.js";
import type { OpDefinition } from "../op.js";
import { broadcastTypes } from "../shapes.js";

/** 1 where a = b, else 0, with broadcasting. The gradient is zero. */
export const equal: OpDefinition = {
  name: "equal",
  documentation: "1 where a = b, else 0; shapes broadcast from the right. The gradient is zero.",
  infer: (inputs) => [broadcastTypes(inputs)],
  expression: (_, [a, b]) => select(binary("eq", a!, b!), constant(a!.type, 1, Math.max(a!.lanes, b!.lanes)), 0),
  gradient: () => [undefined, undefined],
};
