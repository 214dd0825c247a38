import type { GraphBuilder } from "../../graph/builder.js";
import type { Value } from "../../graph/types.js";

/** What a cell may have in the place of sigmoid and tanh; the names are EdgeML's. */
export const nonlinearities = ["sigmoid", "tanh", "relu", "quantTanh", "quantSigm", "quantSigm4"] as const;
/** Name of a cell's nonlinearity. */
export type Nonlinearity = (typeof nonlinearities)[number];

/** quantTanh is x in -1..1, quantSigm (x + 1) / 2 and quantSigm4 (x + 2) / 4 in 0..1. */
export function nonlinearity(builder: GraphBuilder, x: Value, name: Nonlinearity): Value {
  if (name === "quantTanh") return builder.op("clamp", [x], { low: -1, high: 1 });
  if (name !== "quantSigm" && name !== "quantSigm4") return builder.op(name, [x]);
  const scale = name === "quantSigm" ? 0.5 : 0.25;
  return builder.op("clamp", [builder.op("affine", [x], { scale, offset: 0.5 })], { low: 0, high: 1 });
}
