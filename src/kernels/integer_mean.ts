import type { Multiplier } from "./fixed_point.js";
import { KernelBuilder } from "./kernel_builder.js";
import { add, constant, div, type ElementType, type Expression, type Kernel, mul, rem } from "./language.js";
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
export function integerMeanKernel(s: IntegerMean): Kernel {
  const k = new KernelBuilder("integer_mean");
  const x = k.buffer("x", s.element);
  const y = k.buffer("y", s.element, true);
  const walks = s.shape.map((size, d) => ({
    size,
    stride: s.shape.slice(d + 1).reduce((a, b) => a * b, 1),
    reduced: s.axes.includes(d),
  }));
  const kept = walks.filter((w) => !w.reduced);
  const reduced = walks.filter((w) => w.reduced);
  const count = reduced.reduce((n, w) => n * w.size, 1);
  k.parallel(
    kept.reduce((n, w) => n * w.size, 1),
    (p) => {
      let place = p;
      let base: Expression = constant("i32", 0);
      for (const w of kept.toReversed()) {
        base = k.let(add(base, mul(k.let(rem(place, w.size)), w.stride)));
        place = k.let(div(place, w.size));
      }
      const sum = k.mutable(constant("i32", -s.zeroPoint * count));
      const visit = (depth: number, at: Expression): void => {
        const w = reduced[depth];
        if (!w) return k.assign(sum, add(sum, k.load(x, at)));
        k.for(0, w.size, 1, (i) => visit(depth + 1, k.let(add(at, mul(i, w.stride)))));
      };
      visit(0, base);
      const { multiplier, shift } = s.factor;
      const scaled = multiplyByQuantizedMultiplier(k, sum, multiplier, Math.max(shift, 0), Math.max(-shift, 0));
      k.store(y, p, k.let(limit(add(scaled, s.yOffset), s.low, s.high)));
    },
  );
  return k.finish();
}
