import { KernelBuilder } from "./kernel_builder.js";
import {
  add,
  binary,
  constant,
  div,
  type ElementType,
  type Expression,
  type Kernel,
  max,
  min,
  mul,
  rem,
  select,
  sub,
  unary,
} from "./language.js";
import { limit } from "./requantize.js";

/** Windows moved over a map [batch, height, width, channels] of integers. */
export interface IntegerPool {
  readonly kind: "average" | "max";
  readonly element: ElementType;
  readonly batch: number;
  readonly input: readonly [number, number];
  readonly output: readonly [number, number];
  readonly window: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly before: readonly [number, number];
  readonly channels: number;
  readonly low: number;
  readonly high: number;
}

/** sum / count, rounded to nearest, ties away from zero. */
function roundedQuotient(k: KernelBuilder, sum: Expression, count: Expression): Expression {
  const magnitude = k.let(unary("abs", sum));
  const quotient = k.let(div(add(magnitude, div(count, constant("i32", 2))), count));
  return select(binary("lt", sum, 0), sub(constant("i32", 0), quotient), quotient);
}

/** Buffers: x, y. Places outside the map do not count. */
export function integerPoolKernel(s: IntegerPool): Kernel {
  const k = new KernelBuilder(`integer_${s.kind}_pool`);
  const x = k.buffer("x", s.element);
  const y = k.buffer("y", s.element, true);
  k.parallel(s.batch * s.output[0] * s.output[1], (p) => {
    const column = k.let(rem(p, s.output[1]));
    const line = k.let(div(p, s.output[1]));
    const row = k.let(rem(line, s.output[0]));
    const image = k.let(mul(div(line, s.output[0]), s.input[0] * s.input[1]));
    const bounds = (place: Expression, d: 0 | 1): [Expression, Expression] => {
      const first = k.let(add(mul(place, s.strides[d]), -s.before[d]));
      return [k.let(max(first, 0)), k.let(min(add(first, s.window[d]), s.input[d]))];
    };
    const [top, bottom] = bounds(row, 0);
    const [start, end] = bounds(column, 1);
    const count = k.let(mul(sub(bottom, top), sub(end, start)));
    k.for(0, s.channels, 1, (c) => {
      const value = k.mutable(constant("i32", s.kind === "max" ? -32768 : 0));
      k.for(top, bottom, 1, (i) =>
        k.for(start, end, 1, (j) => {
          const at = add(mul(add(image, add(mul(i, s.input[1]), j)), s.channels), c);
          const here = k.load(x, at);
          k.assign(value, s.kind === "max" ? max(value, here) : add(value, here));
        }),
      );
      const result = s.kind === "max" ? value : roundedQuotient(k, value, count);
      k.store(y, add(mul(p, s.channels), c), k.let(limit(k.let(result), s.low, s.high)));
    });
  });
  return k.finish();
}
