import type { GraphBuilder } from "../../graph/builder.js";
import type { Value } from "../../graph/types.js";
import type { Window } from "./window.js";

/** How kws_streaming's wrapper of layers pads time. */
export type TimePadding = "valid" | "same" | "causal";

/**
 * Pads a map [B, T, F, C] in time for a window that has no padding of its own: with as many zeros as let the last result end with the clip
 * where the stride divides its length ("causal": all before the clip), so that a stream with steps of the stride gives the same.
 */
export function padTime(builder: GraphBuilder, x: Value, window: Omit<Window, "padding">, padding: TimePadding): Value {
  const total = paddingOf(window, 0);
  if (padding === "valid" || total === 0) return x;
  const before = padding === "causal" ? total : Math.floor(total / 2);
  return builder.op("pad", [x], { before: [0, before, 0, 0], after: [0, total - before, 0, 0] });
}

/** Pads a map [B, T, F, C] in frequency, the smaller half first. */
export function padFrequency(builder: GraphBuilder, x: Value, window: Omit<Window, "padding">): Value {
  const total = paddingOf(window, 1);
  const before = Math.floor(total / 2);
  return total === 0 ? x : builder.op("pad", [x], { before: [0, 0, before, 0], after: [0, 0, total - before, 0] });
}

function paddingOf({ kernel, strides, dilations }: Omit<Window, "padding">, axis: 0 | 1): number {
  return Math.max(0, (kernel[axis] - 1) * (dilations?.[axis] ?? 1) - ((strides?.[axis] ?? 1) - 1));
}
