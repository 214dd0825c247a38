import { UsageError } from "../../base/errors.js";
import type { Value } from "../../graph/types.js";

/** How a kernel is moved over time and frequency: both orders are [time, frequency]. */
export interface Window {
  readonly kernel: readonly [number, number];
  readonly strides?: readonly [number, number];
  readonly dilations?: readonly [number, number];
  /** "causal": padded on the left in time, "valid" in frequency. */
  readonly padding: "same" | "valid" | "causal";
}

/** Attributes of conv2d and depthwise_conv2d. */
export function windowAttributes(window: Window) {
  return { strides: window.strides ?? [1, 1], padding: window.padding, dilations: window.dilations ?? [1, 1] };
}

/**
 * Checks that the kernel fits into the map that it is moved over.
 * @throws UsageError naming the layer, the map's size and the size that the kernel needs
 */
export function requireFit(path: string, x: Value, window: Window): void {
  const names = ["frames", "frequencies"] as const;
  for (const axis of [0, 1] as const) {
    const free = window.padding === "same" || (window.padding === "causal" && axis === 0);
    const needed = (window.kernel[axis] - 1) * (window.dilations?.[axis] ?? 1) + 1;
    const found = x.type.shape[axis + 1] as number;
    if (free || found >= needed) continue;
    const more = axis === 0 ? "a longer clip" : "more features";
    throw new UsageError(
      `layer ${path}: its kernel needs ${needed} ${names[axis]} and there are ${found} left; take a smaller kernel or stride, or ${more}`,
    );
  }
}
