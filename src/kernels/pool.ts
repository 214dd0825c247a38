import { ColumnGroups } from "./column_groups.js";
import { KernelBuilder } from "./kernel_builder.js";
import { add, constant, convert, div, type Expression, type Kernel, max, min, mul, rem, sub } from "./language.js";

/** Windows moved over a map [batch, height, width, channels] of real numbers. */
export interface Pool {
  readonly kind: "average" | "max";
  readonly element: "f32" | "f64";
  readonly batch: number;
  readonly input: readonly [number, number];
  readonly output: readonly [number, number];
  readonly window: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly before: readonly [number, number];
  readonly channels: number;
}

/** Vectors of channels that a window is walked for at once. */
const vectorsAtOnce = 4;

/** Buffers: x, y. Places outside the map do not count. */
export function poolKernel(s: Pool, vectorLanes: number): Kernel {
  const lanes = s.element === "f64" ? 1 : vectorLanes;
  const k = new KernelBuilder(`${s.kind}_pool`);
  const x = k.buffer("x", s.element);
  const y = k.buffer("y", s.element, true);
  const groups = new ColumnGroups(s.channels, lanes, vectorsAtOnce);
  const first = s.kind === "max" ? Number.NEGATIVE_INFINITY : 0;
  k.parallel(s.batch * s.output[0] * s.output[1] * groups.count, (task) => {
    const group = k.let(rem(task, groups.count));
    const p = k.let(div(task, groups.count));
    const column = k.let(rem(p, s.output[1]));
    const line = k.let(div(p, s.output[1]));
    const row = k.let(rem(line, s.output[0]));
    const image = k.let(mul(div(line, s.output[0]), s.input[0] * s.input[1]));
    const bounds = (place: Expression, d: 0 | 1): [Expression, Expression] => {
      const begin = k.let(sub(mul(place, s.strides[d]), s.before[d]));
      return [k.let(max(begin, 0)), k.let(min(add(begin, s.window[d]), s.input[d]))];
    };
    const [top, bottom] = bounds(row, 0);
    const [start, end] = bounds(column, 1);
    const count = k.let(convert(mul(sub(bottom, top), sub(end, start)), s.element));
    const share = k.let(div(constant(s.element, 1), count));
    const to = k.let(mul(p, s.channels));
    groups.write(k, group, (channel, vectors) => {
      const values = vectors.map((w) => k.mutable(constant(s.element, first, w.lanes)));
      k.for(top, bottom, 1, (i) =>
        k.for(start, end, 1, (j) => {
          const at = k.let(add(mul(add(image, add(mul(i, s.input[1]), j)), s.channels), channel));
          vectors.forEach((w, v) => {
            const here = k.load(x, add(at, w.at), w.lanes);
            k.assign(values[v]!, s.kind === "max" ? max(values[v]!, here) : add(values[v]!, here));
          });
        }),
      );
      const result = (value: Expression): Expression => (s.kind === "max" ? value : mul(value, share));
      vectors.forEach((w, v) => k.store(y, add(add(to, channel), w.at), result(values[v]!)));
    });
  });
  return k.finish();
}
