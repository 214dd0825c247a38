import { columnBlock, columnBlocks, type DepthwiseShape, lying, within } from "./depthwise.js";
import { KernelBuilder } from "./kernel_builder.js";
import { add, type Buffer, constant, div, type Expression, fma, type Kernel, mul } from "./language.js";
import { eachVector } from "./vectors.js";

/** Sums of taps that stay in registers together. */
const tapsTogether = 12;
/** Parts of the batch with sums of their own, for threads to share. */
const mostSlices = 4;

/** Number of sums that the kernel makes, each of a part of the batch; they are to be added. */
export function kernelGradientSlices(batch: number): number {
  return Math.min(batch, mostSlices);
}

/** Where one row of the output is worked on: index of its first element, of the first row of x under it, and that row's number. */
interface Line {
  readonly y: Expression;
  readonly x: Expression;
  readonly row: Expression;
  /** First of the channels, and how many. */
  readonly channel: Expression;
  readonly width: number;
  /** Where the sums lie. */
  readonly sums: Expression;
}

class KernelGradientWriter {
  readonly #s: DepthwiseShape;
  readonly #lanes: number;
  readonly #k = new KernelBuilder("depthwise_kernel_gradient");
  readonly #x: Buffer;
  readonly #dy: Buffer;
  readonly #sums: Buffer;

  constructor(shape: DepthwiseShape, vectorLanes: number) {
    this.#s = lying(shape);
    this.#lanes = shape.element === "f64" ? 1 : vectorLanes;
    this.#x = this.#k.buffer("x", shape.element);
    this.#dy = this.#k.buffer("dy", shape.element);
    this.#sums = this.#k.buffer("sums", shape.element, true);
  }

  /** Visits `size` neighbouring elements vector by vector. */
  #across(size: number, visit: (at: Expression, width: number) => void): void {
    eachVector(this.#k, size, this.#lanes, visit);
  }

  /** Adds `count` neighbouring places of the output to the sums of a row of taps. */
  #tapRow(
    line: Line,
    i: number,
    column: number | Expression,
    upstream: readonly Expression[],
    sums: readonly Expression[],
  ): void {
    const { strides, dilations, input, before, channels } = this.#s;
    const k = this.#k;
    const start =
      typeof column === "number" ? constant("i32", column * strides[1] * channels) : mul(column, strides[1] * channels);
    const base = k.let(add(add(line.x, i * dilations[0] * input[1] * channels), start));
    const loaded = new Map<number, Expression>();
    for (const [j, sum] of sums.entries())
      for (const [n, dy] of upstream.entries()) {
        const offset = n * strides[1] + j * dilations[1] - before[1];
        if (typeof column === "number") {
          const at = column * strides[1] + offset;
          if (at < 0 || at >= input[1]) continue;
        }
        const value = loaded.get(offset) ?? k.let(k.load(this.#x, add(base, offset * channels), line.width));
        loaded.set(offset, value);
        k.assign(sum, fma(dy, value, sum));
      }
  }

  /** Adds one row of the output to the sums of some rows of taps. */
  #line(line: Line, rows: readonly number[]): void {
    const { channels, kernel, dilations, input } = this.#s;
    const k = this.#k;
    const place = (i: number, j: number): Expression => add(line.sums, add(line.channel, (i * kernel[1] + j) * channels));
    const sums = rows.map((i) =>
      Array.from({ length: kernel[1] }, (_, j) => k.mutable(k.load(this.#sums, place(i, j), line.width))),
    );
    const block = (column: number | Expression, count: number): void => {
      const out = k.let(add(line.y, typeof column === "number" ? column * channels : mul(column, channels)));
      const upstream = Array.from({ length: count }, (_, n) => k.let(k.load(this.#dy, add(out, n * channels), line.width)));
      rows.forEach((i, r) => {
        const inside = within(k.let(add(line.row, i * dilations[0])), input[0]);
        k.if(inside, () => this.#tapRow(line, i, column, upstream, sums[r]!));
      });
    };
    const { edges, from, to } = columnBlocks(this.#s);
    for (const e of edges) block(e.at, e.count);
    if (to > from) k.for(from, to, columnBlock, (column) => block(column, columnBlock));
    rows.forEach((i, r) => sums[r]!.forEach((sum, j) => k.store(this.#sums, place(i, j), sum)));
  }

  kernel(): Kernel {
    const { batch, kernel, output, input, strides, before, channels } = this.#s;
    const k = this.#k;
    const slices = kernelGradientSlices(batch);
    const size = kernel[0] * kernel[1] * channels;
    const rowsTogether = Math.max(1, Math.floor(tapsTogether / kernel[1]));
    k.parallel(slices, (p) => {
      const sums = k.let(mul(p, size));
      this.#across(size, (at, width) => k.store(this.#sums, add(sums, at), constant(this.#s.element, 0, width)));
      const first = k.let(div(mul(p, batch), slices));
      const end = k.let(div(mul(add(p, 1), batch), slices));
      k.for(first, end, 1, (b) =>
        k.for(0, output[0], 1, (h) => {
          const row = k.let(add(mul(h, strides[0]), -before[0]));
          const y = k.let(mul(add(mul(b, output[0]), h), output[1] * channels));
          const x = k.let(mul(add(mul(b, input[0]), row), input[1] * channels));
          this.#across(channels, (channel, width) => {
            const line = { y: k.let(add(y, channel)), x: k.let(add(x, channel)), row, channel, width, sums };
            for (let i = 0; i < kernel[0]; i += rowsTogether)
              this.#line(
                line,
                Array.from({ length: Math.min(rowsTogether, kernel[0] - i) }, (_, r) => i + r),
              );
          });
        }),
      );
    });
    return k.finish();
  }
}

/**
 * dkernel[tap,c] = sum over batch and places x * dy. Buffers: x, dy, sums[slices, tap, c]. Rows of the output are walked in
 * memory's order with all channels, so that everything is fetched once; the sums stay in a first-level cache.
 */
export function depthwiseKernelGradient(shape: DepthwiseShape, vectorLanes: number): Kernel {
  return new KernelGradientWriter(shape, vectorLanes).kernel();
}
