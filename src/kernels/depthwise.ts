import type { Epilogue } from "./contraction_plan.js";
import { KernelBuilder } from "./kernel_builder.js";
import { add, type Buffer, computeType, constant, div, type Expression, fma, type Kernel, mul, rem, widen } from "./language.js";
import { eachVector, leastPrefetchLanes } from "./vectors.js";

/** Geometry of a depthwise convolution over [batch, height, width, channels]. */
export interface DepthwiseShape {
  readonly element: "f32" | "f64";
  readonly batch: number;
  readonly input: readonly [number, number];
  readonly output: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** Zeros before the first row and column. */
  readonly before: readonly [number, number];
  readonly channels: number;
}

export function within(value: Expression, size: number): Expression {
  const zero = constant("i32", 0);
  const low: Expression = { kind: "binary", type: "mask", lanes: 1, operator: "ge", left: value, right: zero };
  const high: Expression = { kind: "binary", type: "mask", lanes: 1, operator: "lt", left: value, right: constant("i32", size) };
  return { kind: "binary", type: "mask", lanes: 1, operator: "and", left: low, right: high };
}

/** A map one step wide whose taps lie along the height is the same convolution lying down. */
export function lying(s: DepthwiseShape): DepthwiseShape {
  if (s.input[1] !== 1 || s.kernel[1] !== 1) return s;
  const swap = (p: readonly [number, number]): [number, number] => [p[1], p[0]];
  return {
    ...s,
    input: swap(s.input),
    output: swap(s.output),
    kernel: swap(s.kernel),
    strides: swap(s.strides),
    dilations: swap(s.dilations),
    before: swap(s.before),
  };
}

/** Output columns handled together, so that weights and inputs are loaded once for several sums. */
export const columnBlock = 8;

/** Columns in blocks: those whose taps may leave the map stand alone, with their place known; the others run in a loop. */
export function columnBlocks(s: DepthwiseShape): { edges: { at: number; count: number }[]; from: number; to: number } {
  const [, width] = s.output;
  const reach = (s.kernel[1] - 1) * s.dilations[1];
  const firstInside = Math.ceil(s.before[1] / s.strides[1]);
  const lastInside = Math.floor((s.input[1] - 1 - reach + s.before[1]) / s.strides[1]);
  const inside = lastInside - firstInside + 1;
  const loops = inside >= 2 * columnBlock ? Math.floor(inside / columnBlock) : 0;
  const from = loops > 0 ? firstInside : width;
  const to = loops > 0 ? firstInside + loops * columnBlock : width;
  const edges: { at: number; count: number }[] = [];
  const cover = (begin: number, end: number): void => {
    for (let at = begin; at < end; at += columnBlock) edges.push({ at, count: Math.min(columnBlock, end - at) });
  };
  cover(0, Math.min(from, width));
  cover(to, width);
  return { edges, from, to };
}

/** Writes sums, or what an epilogue makes of them: some vectors of neighbouring places of the same channels. */
class SumWriter {
  readonly #k: KernelBuilder;
  readonly #epilogue: Epilogue | undefined;
  readonly #operands: readonly Buffer[];
  readonly #results: readonly Buffer[];
  /** What is read and written place after place. */
  readonly #far: readonly Buffer[];
  /** Elements ahead that memory for the results is asked for; 0: not. */
  readonly #ahead: number;

  constructor(k: KernelBuilder, element: "f32" | "f64", epilogue: Epilogue | undefined, ahead: number) {
    this.#k = k;
    this.#ahead = ahead;
    this.#epilogue = epilogue;
    this.#operands = (epilogue?.operands ?? []).map((_, i) => k.buffer(`x${i}_`, element));
    this.#results = Array.from({ length: epilogue?.outputs ?? 1 }, (_, i) => k.buffer(`y${i}_`, element, true));
    const taken = this.#operands.filter((_, i) => epilogue!.operands[i] === "same");
    this.#far = [...taken, ...this.#results.filter((_, i) => !epilogue?.sums?.[i])];
  }

  write(sums: readonly Expression[], first: Expression, channels: number, channel: Expression): void {
    const k = this.#k;
    const { lanes } = sums[0]!;
    const epilogue = this.#epilogue;
    const shared = this.#operands.map((buffer, i) => {
      const kind = epilogue!.operands[i];
      if (kind === "number") return widen(k.let(k.load(buffer, constant("i32", 0))), lanes);
      return kind === "column" ? k.let(k.load(buffer, channel, lanes)) : undefined;
    });
    const added = this.#results.map((buffer, i) => (epilogue?.sums?.[i] ? k.mutable(k.load(buffer, channel, lanes)) : undefined));
    for (const [n, sum] of sums.entries()) {
      const at = add(first, n * channels);
      const operands = shared.map((v, i) => v ?? k.let(k.load(this.#operands[i]!, at, lanes)));
      const results = epilogue ? epilogue.body(k, [sum, ...operands]) : [sum];
      if (this.#ahead > 0) for (const buffer of this.#far) k.prefetch(buffer, add(at, this.#ahead));
      results.forEach((result, i) => {
        const total = added[i];
        if (total) k.assign(total, add(total, result));
        else k.store(this.#results[i]!, at, widen(result, lanes));
      });
    }
    added.forEach((total, i) => total && k.store(this.#results[i]!, channel, total));
  }

  /** Sums over the places begin with zero. */
  clearSums(channels: number, lanes: number): void {
    this.#results.forEach((buffer, i) => {
      if (!this.#epilogue?.sums?.[i]) return;
      eachVector(this.#k, channels, lanes, (at, width) =>
        this.#k.store(buffer, at, constant(computeType(buffer.element), 0, width)),
      );
    });
  }
}

/**
 * y[b,h,w,c] = sum over taps x[...] * kernel[tap,c]. Buffers: x, kernel [kh,kw,C], y; with an epilogue its operands and results in
 * the place of y. `flip` reads the taps backwards (input gradient at stride 1).
 */
export function depthwiseKernel(shape: DepthwiseShape, flip: boolean, vectorLanes: number, epilogue?: Epilogue): Kernel {
  const s = lying(shape);
  const lanes = s.element === "f64" ? 1 : vectorLanes;
  const { channels } = s;
  const k = new KernelBuilder("depthwise");
  const x = k.buffer("x", s.element);
  const w = k.buffer("w", s.element);
  const writer = new SumWriter(k, s.element, epilogue, lanes >= leastPrefetchLanes ? s.output[1] * channels : 0);
  writer.clearSums(channels, lanes);
  const [taps0, taps1] = s.kernel;
  const { edges, from, to } = columnBlocks(s);
  const tap = (i: number, j: number): number => (flip ? (taps0 - 1 - i) * taps1 + (taps1 - 1 - j) : i * taps1 + j);

  const block = (
    rowIn: Expression,
    xRow: Expression,
    yRow: Expression,
    column: number | Expression,
    count: number,
    channel: Expression,
    width: number,
  ): void => {
    const sums = Array.from({ length: count }, () => k.mutable(constant(s.element, 0, width)));
    for (let i = 0; i < taps0; i++) {
      const row = k.let(add(rowIn, i * s.dilations[0]));
      k.if(within(row, s.input[0]), () => {
        const line = k.let(add(xRow, i * s.dilations[0] * s.input[1] * channels));
        const loaded = new Map<number, Expression>();
        const start = typeof column === "number" ? constant("i32", column * s.strides[1]) : mul(column, s.strides[1]);
        const base = k.let(add(add(line, mul(start, channels)), channel));
        for (let j = 0; j < taps1; j++) {
          const weight = k.let(k.load(w, add(channel, tap(i, j) * channels), width));
          for (let n = 0; n < count; n++) {
            const offset = n * s.strides[1] + j * s.dilations[1] - s.before[1];
            if (typeof column === "number") {
              const at = column * s.strides[1] + offset;
              if (at < 0 || at >= s.input[1]) continue;
            }
            let value = loaded.get(offset);
            if (!value) {
              value = k.let(k.load(x, add(base, offset * channels), width));
              loaded.set(offset, value);
            }
            k.assign(sums[n]!, fma(weight, value, sums[n]!));
          }
        }
      });
    }
    const out = k.let(add(add(yRow, typeof column === "number" ? column * channels : mul(column, channels)), channel));
    writer.write(sums, out, channels, channel);
  };

  k.parallel(s.batch * s.output[0], (p) => {
    const b = k.let(div(p, s.output[0]));
    const h = k.let(rem(p, s.output[0]));
    const rowIn = k.let(add(mul(h, s.strides[0]), -s.before[0]));
    const xRow = k.let(mul(add(mul(b, s.input[0]), rowIn), s.input[1] * channels));
    const yRow = k.let(mul(p, s.output[1] * channels));
    const all = (channel: Expression, width: number): void => {
      for (const e of edges) block(rowIn, xRow, yRow, e.at, e.count, channel, width);
      if (to > from) k.for(from, to, columnBlock, (column) => block(rowIn, xRow, yRow, column, columnBlock, channel, width));
    };
    eachVector(k, channels, lanes, all);
  });
  return k.finish();
}

/** dx for any stride and dilation: each input place gathers the outputs that used it. Buffers: dy, kernel, dx. */
export function depthwiseInputGradient(s: DepthwiseShape, vectorLanes: number): Kernel {
  const lanes = s.element === "f64" ? 1 : vectorLanes;
  const { channels } = s;
  const k = new KernelBuilder("depthwise_input_gradient");
  const dy = k.buffer("dy", s.element);
  const w = k.buffer("w", s.element);
  const dx = k.buffer("dx", s.element, true);
  const hit = (place: Expression, stride: number, size: number): Expression => {
    const zero = constant("i32", 0);
    const even: Expression = { kind: "binary", type: "mask", lanes: 1, operator: "eq", left: rem(place, stride), right: zero };
    const bounds = within(place, (size - 1) * stride + 1);
    return stride === 1 ? bounds : { kind: "binary", type: "mask", lanes: 1, operator: "and", left: bounds, right: even };
  };
  k.parallel(s.batch * s.input[0], (p) => {
    const b = k.let(div(p, s.input[0]));
    const h = k.let(rem(p, s.input[0]));
    k.for(0, s.input[1], 1, (column) => {
      const out = k.let(mul(add(mul(p, s.input[1]), column), channels));
      const visit = (channel: Expression, width: number): void => {
        const sum = k.mutable(constant(s.element, 0, width));
        k.for(0, s.kernel[0], 1, (i) => {
          const row = k.let(add(h, add(mul(i, -s.dilations[0]), s.before[0])));
          k.if(hit(row, s.strides[0], s.output[0]), () => {
            const line = k.let(add(mul(b, s.output[0]), div(row, s.strides[0])));
            k.for(0, s.kernel[1], 1, (j) => {
              const place = k.let(add(column, add(mul(j, -s.dilations[1]), s.before[1])));
              k.if(hit(place, s.strides[1], s.output[1]), () => {
                const at = k.let(mul(add(mul(line, s.output[1]), div(place, s.strides[1])), channels));
                const weight = k.let(mul(add(mul(i, s.kernel[1]), j), channels));
                k.assign(sum, fma(k.load(dy, add(at, channel), width), k.load(w, add(weight, channel), width), sum));
              });
            });
          });
        });
        k.store(dx, add(out, channel), sum);
      };
      eachVector(k, channels, lanes, visit);
    });
  });
  return k.finish();
}
