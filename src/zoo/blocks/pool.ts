import type { GraphBuilder } from "../../graph/builder.js";
import type { Value } from "../../graph/types.js";
import { requireFit } from "./window.js";

/**
 * Largest or mean value of windows over a map [B, T, F, C], without padding unless told.
 * @throws UsageError where the window does not fit
 */
export function pool(
  builder: GraphBuilder,
  path: string,
  x: Value,
  kind: "average" | "max",
  window: readonly [number, number],
  strides: readonly [number, number] = window,
  padding: "valid" | "same" = "valid",
): Value {
  if (window[0] === 1 && window[1] === 1 && strides[0] === 1 && strides[1] === 1) return x;
  requireFit(path, x, { kernel: window, padding });
  return builder.op(`${kind}_pool`, [x], { window, strides, padding });
}

/** Mean over time and frequency: [B, T, F, C] to [B, C]. */
export function globalAverage(builder: GraphBuilder, x: Value): Value {
  return builder.op("mean", [x], { axes: [1, 2], keep: false });
}
