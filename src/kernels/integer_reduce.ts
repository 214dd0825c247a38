import { KernelBuilder } from "./kernel_builder.js";
import { add, constant, div, type ElementType, type Expression, type Kernel, mul, rem } from "./language.js";

/** How integers become one, over axes of a tensor. */
export interface IntegerReduction {
  readonly name: string;
  readonly element: ElementType;
  readonly shape: readonly number[];
  readonly axes: readonly number[];
  /** What a result is before its first element. */
  readonly initial: number;
  readonly combine: (result: Expression, element: Expression) => Expression;
  readonly finish: (k: KernelBuilder, result: Expression) => Expression;
}

/** Buffers: x, y. */
export function integerReduceKernel(s: IntegerReduction): Kernel {
  const k = new KernelBuilder(s.name);
  const x = k.buffer("x", s.element);
  const y = k.buffer("y", s.element, true);
  const walks = s.shape.map((size, d) => ({
    size,
    stride: s.shape.slice(d + 1).reduce((a, b) => a * b, 1),
    reduced: s.axes.includes(d),
  }));
  const kept = walks.filter((w) => !w.reduced);
  const reduced = walks.filter((w) => w.reduced);
  k.parallel(
    kept.reduce((n, w) => n * w.size, 1),
    (p) => {
      let place = p;
      let base: Expression = constant("i32", 0);
      for (const w of kept.toReversed()) {
        base = k.let(add(base, mul(k.let(rem(place, w.size)), w.stride)));
        place = k.let(div(place, w.size));
      }
      const result = k.mutable(constant("i32", s.initial));
      const visit = (depth: number, at: Expression): void => {
        const w = reduced[depth];
        if (!w) return k.assign(result, s.combine(result, k.load(x, at)));
        k.for(0, w.size, 1, (i) => visit(depth + 1, k.let(add(at, mul(i, w.stride)))));
      };
      visit(0, base);
      k.store(y, p, k.let(s.finish(k, result)));
    },
  );
  return k.finish();
}
