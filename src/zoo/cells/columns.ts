import type { GraphBuilder } from "../../graph/builder.js";
import type { Value } from "../../graph/types.js";

/** "To the end" of an axis, for slice. */
const toEnd = 2 ** 31 - 1;

/** Columns `from` to `to` - 1 of x [rows, columns]. */
export function columns(builder: GraphBuilder, x: Value, from: number, to: number): Value {
  return builder.op("slice", [x], { begin: [0, from], end: [toEnd, to], strides: [1, 1] });
}
