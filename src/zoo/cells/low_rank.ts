import type { GraphBuilder } from "../../graph/builder.js";
import type { Value } from "../../graph/types.js";

/** x [B, K] times a kernel [K, N], or times `first` [K, rank] and then the kernel [rank, N]. */
export function recurrentProduct(builder: GraphBuilder, x: Value, kernel: Value, first?: Value): Value {
  return builder.op("dense", [first ? builder.op("dense", [x, first]) : x, kernel]);
}
