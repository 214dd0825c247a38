import type { Multiplier } from "./fixed_point.js";
import { integerReduceKernel } from "./integer_reduce.js";
import { add, type ElementType, type Kernel } from "./language.js";
import { limit, multiplyByQuantizedMultiplier } from "./requantize.js";

/** Mean over axes of a tensor of integers. */
export interface IntegerMean {
  readonly element: ElementType;
  readonly shape: readonly number[];
  readonly axes: readonly number[];
  readonly zeroPoint: number;
  /** From the sum to the output. */
  readonly factor: Multiplier;
  readonly yOffset: number;
  readonly low: number;
  readonly high: number;
}

/** Buffers: x, y. */
export function integerMeanKernel({ element, shape, axes, zeroPoint, factor, yOffset, low, high }: IntegerMean): Kernel {
  const count = axes.reduce((n, axis) => n * (shape[axis] as number), 1);
  const { multiplier, shift } = factor;
  return integerReduceKernel({
    name: "integer_mean",
    element,
    shape,
    axes,
    initial: -zeroPoint * count,
    combine: add,
    finish: (k, sum) => {
      const scaled = multiplyByQuantizedMultiplier(k, sum, multiplier, Math.max(shift, 0), Math.max(-shift, 0));
      return limit(add(scaled, yOffset), low, high);
    },
  });
}
