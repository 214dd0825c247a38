import { KernelBuilder } from "./kernel_builder.js";
import { add, constant, div, type Expression, type Kernel, mul, rem } from "./language.js";
import { eachVector } from "./vectors.js";

/** x[batch, height, width, channels] into a larger map: `stuffing` - 1 zeros between neighbours, `before` zeros first (negative: cropped), up to the output's size. */
export interface PadSpecification {
  readonly element: "f32" | "f64";
  readonly batch: number;
  readonly input: readonly [number, number];
  readonly output: readonly [number, number];
  readonly before: readonly [number, number];
  readonly stuffing: readonly [number, number];
  readonly channels: number;
}

/** Buffers: x, y. */
export function padKernel(s: PadSpecification, vectorLanes: number): Kernel {
  const lanes = s.element === "f64" ? 1 : vectorLanes;
  const k = new KernelBuilder("pad");
  const x = k.buffer("x", s.element);
  const y = k.buffer("y", s.element, true);
  const { channels } = s;
  const run = (at: Expression, from: Expression | undefined, elements: number): void => {
    eachVector(k, elements, lanes, (j, width) =>
      k.store(y, add(at, j), from ? k.load(x, add(from, j), width) : constant(s.element, 0, width)),
    );
  };
  k.parallel(s.batch * s.output[0], (p) => {
    const b = k.let(div(p, s.output[0]));
    const row = k.let(add(rem(p, s.output[0]), -s.before[0]));
    const out = k.let(mul(p, s.output[1] * channels));
    const zero = constant("i32", 0);
    const mask = (operator: "ge" | "lt" | "eq", left: Expression, value: number): Expression => ({
      kind: "binary",
      type: "mask",
      lanes: 1,
      operator,
      left,
      right: constant("i32", value),
    });
    const both = (a: Expression, c: Expression): Expression => ({
      kind: "binary",
      type: "mask",
      lanes: 1,
      operator: "and",
      left: a,
      right: c,
    });
    const inside = both(mask("ge", row, 0), mask("lt", row, (s.input[0] - 1) * s.stuffing[0] + 1));
    const hit = s.stuffing[0] === 1 ? inside : both(inside, mask("eq", rem(row, s.stuffing[0]), 0));
    k.if(
      hit,
      () => {
        const line = k.let(mul(add(mul(b, s.input[0]), div(row, s.stuffing[0])), s.input[1] * channels));
        const [, width] = s.output;
        const columns = Array.from({ length: width }, (_, c) => {
          const from = c - s.before[1];
          return from >= 0 && from % s.stuffing[1] === 0 && from / s.stuffing[1] < s.input[1] ? from / s.stuffing[1] : -1;
        });
        for (let c = 0; c < width; ) {
          let end = c + 1;
          const from = columns[c] as number;
          while (end < width && (from < 0 ? columns[end] === -1 : columns[end] === from + end - c)) end++;
          const at = add(out, c * channels);
          run(at, from < 0 ? undefined : add(line, from * channels), (end - c) * channels);
          c = end;
        }
      },
      () => run(add(out, zero), undefined, s.output[1] * channels),
    );
  });
  return k.finish();
}
