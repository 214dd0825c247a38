import { type Complex, fewPoints, fourPoints, rotate } from "./complex.js";
import { type Bank, type BankBuffers, bankBuffers, writeBank } from "./filterbank.js";
import { KernelBuilder } from "./kernel_builder.js";
import {
  add,
  type Buffer,
  constant,
  div,
  type Expression,
  fma,
  type Kernel,
  min,
  mul,
  rem,
  sub,
  unary,
  widen,
} from "./language.js";
import { type ComplexPart, type RfftPlan, rfftPlan } from "./rfft_plan.js";

/*
 * Fourier transform of real rows, one row in each lane of the vectors: a block of rows is turned so that sample k of all
 * its rows is one vector, transformed in place, and turned back. No stage needs a shuffle, whatever the width.
 *
 * The real transform of N points is cut by frequency (the real half of split radix, Duhamel and Hollmann 1984):
 * - bins 2m are those of the real sequence x[k] + x[k + N/2] of N/2 points, which is cut again;
 * - bins 4m + 1 are the complex transform of N/4 points of ((x[k] - x[k + N/2]) - i (x[k + N/4] - x[k + 3N/4])) w^k;
 * - bins 4m + 3 are the conjugates of bins 4m + 1 counted from the end.
 * The complex transforms are of radix 4, decimated in frequency, results in reversed digits; the table of places puts
 * the bins in order when the block is turned back.
 */

/** What a kernel of rfft is made for. */
export interface RfftShape {
  readonly rows: number;
  /** Samples of a row; those beyond up to `length` are zeros. */
  readonly samples: number;
  /** Points of the transform: a power of two, at least 4. */
  readonly length: number;
  /** Bins that are wanted, from bin 0. */
  readonly bins: number;
  /** "complex": [rows, 2, bins]; "power": [rows, bins], the squared magnitude. */
  readonly result: "complex" | "power";
  readonly element: "f32" | "f64";
  /** Rows of a block: lanes of the vectors. */
  readonly lanes: number;
  /** Where rows begin, if they are frames of longer rows: row r is frame r mod frames, at hop times that, of clip r / frames. */
  readonly frames?: { readonly clip: number; readonly count: number; readonly hop: number };
  /** Whether samples are multiplied by a window. */
  readonly window?: boolean;
  /** Bands instead of the power of bins; see filterbank.ts. */
  readonly bank?: Bank;
}

/** Samples or bins of all rows that are turned at once: enough for C compilers to make vectors of them. */
const turned = 4;

/** Bytes that the workspace of a block may take: most of a first-level cache. */
const blockBytes = 33 * 1024;

/** Blocks that have a workspace of their own: more would only take memory and cache. */
const mostChunks = 16;

/** Iterations of the parallel loop, and the blocks that each takes. */
function chunksOf(shape: RfftShape): { chunks: number; each: number } {
  const blocks = Math.ceil(shape.rows / shape.lanes);
  const each = Math.ceil(blocks / mostChunks);
  return { chunks: Math.ceil(blocks / each), each };
}

/** Vectors of a block's workspace: the transform, a zero, and bands. */
function vectorsOf({ length, bank }: RfftShape): number {
  return length + 1 + (bank?.bands ?? 0);
}

/** Elements of the workspace that the kernel needs. */
export function rfftWorkspace(shape: RfftShape): number {
  return chunksOf(shape).chunks * vectorsOf(shape) * shape.lanes;
}

/** Where the kernel finds the values that it writes, in elements of a block: real parts, then (complex) imaginary parts. */
export function rfftPlaces(shape: RfftShape): Int32Array {
  const { lanes, length, bank } = shape;
  if (bank) return Int32Array.from({ length: bank.bands }, (_, band) => (length + 1 + band) * lanes);
  const places = rfftPlan(shape.length).places.slice(0, shape.bins);
  const real = places.map((p) => p.real * shape.lanes);
  const imaginary = places.map((p) => p.imaginary * shape.lanes);
  return Int32Array.from(shape.result === "power" ? real : [...real, ...imaginary]);
}

/** The number of lanes that needs the least work: few rows do not fill wide vectors. */
export function rfftLanes(rows: number, length: number, lanes: number, element: "f32" | "f64"): number {
  if (element === "f64") return 1;
  // Turning a row costs about half of what the transform of a block does, whatever its width; scalar code needs no turning.
  const cost = (width: number): number => Math.ceil(rows / width) * (width === 1 ? 4 : 2 + width);
  let best = 1;
  for (let width = 4; width <= lanes; width *= 2)
    if (cost(width) < cost(best) && (width === 4 || 4 * length * width <= blockBytes)) best = width;
  return best;
}

class RfftWriter {
  readonly #k: KernelBuilder;
  readonly #shape: RfftShape;
  readonly #plan: RfftPlan;
  readonly #input: Buffer;
  readonly #twiddles: Buffer;
  readonly #places: Buffer;
  readonly #work: Buffer;
  readonly #output: Buffer;
  readonly #window: Buffer | undefined;
  readonly #bank: BankBuffers | undefined;
  /** First element of the block's workspace. */
  #base: Expression = constant("i32", 0);

  constructor(name: string, shape: RfftShape) {
    this.#k = new KernelBuilder(name);
    this.#shape = shape;
    this.#plan = rfftPlan(shape.length);
    this.#input = this.#k.buffer("x", shape.element);
    this.#twiddles = this.#k.buffer("twiddles", shape.element);
    this.#places = this.#k.buffer("places", "i32");
    this.#work = this.#k.buffer("work", shape.element, true);
    this.#output = this.#k.buffer("spectrum", shape.element, true);
    this.#window = shape.window ? this.#k.buffer("window", shape.element) : undefined;
    this.#bank = shape.bank && bankBuffers(this.#k, shape.element);
  }

  #at(vector: Expression | number): Expression {
    const offset = typeof vector === "number" ? constant("i32", vector * this.#shape.lanes) : mul(vector, this.#shape.lanes);
    return add(this.#base, offset);
  }

  #load(vector: Expression | number): Expression {
    return this.#k.let(this.#k.load(this.#work, this.#at(vector), this.#shape.lanes));
  }

  #store(vector: Expression | number, value: Expression): void {
    this.#k.store(this.#work, this.#at(vector), value);
  }

  #zero(): Expression {
    return constant(this.#shape.element, 0, this.#shape.lanes);
  }

  /** A twiddle in all lanes. */
  #twiddle(at: Expression): Expression {
    return this.#k.let(widen(this.#k.load(this.#twiddles, at), this.#shape.lanes));
  }

  /** First sample of a row. */
  #start(row: Expression): Expression {
    const { frames, samples } = this.#shape;
    if (!frames) return this.#k.let(mul(row, samples));
    return this.#k.let(add(mul(div(row, frames.count), frames.clip), mul(rem(row, frames.count), frames.hop)));
  }

  /** Turns a block of rows: samples into vectors. Lanes beyond the last row repeat it. */
  #gather(firstRow: Expression): void {
    const { rows, samples, lanes } = this.#shape;
    const k = this.#k;
    const used = Math.min(samples, this.#shape.length);
    const starts = Array.from({ length: lanes }, (_, lane) => this.#start(k.let(min(add(firstRow, lane), rows - 1))));
    const turn = (first: Expression, count: number): void => {
      for (let i = 0; i < count; i++)
        for (const [lane, start] of starts.entries())
          k.store(this.#work, add(this.#at(add(first, i)), lane), k.load(this.#input, add(add(start, first), i)));
    };
    const whole = used - (used % turned);
    k.for(0, whole, turned, (first) => turn(first, turned));
    if (whole < used) turn(constant("i32", whole), used - whole);
  }

  /** Turns the block back: bins in order. */
  #scatter(firstRow: Expression): void {
    const { rows, bins, lanes, result, bank } = this.#shape;
    const k = this.#k;
    const values = bank ? bank.bands : result === "power" ? bins : 2 * bins;
    const starts = Array.from({ length: lanes }, (_, lane) => k.let(mul(min(add(firstRow, lane), rows - 1), values)));
    const turn = (first: Expression, count: number): void => {
      const places = Array.from({ length: count }, (_, i) => k.let(add(this.#base, k.load(this.#places, add(first, i)))));
      for (const [lane, start] of starts.entries())
        for (const [i, place] of places.entries())
          k.store(this.#output, add(add(start, first), i), k.load(this.#work, add(place, lane)));
    };
    const whole = values - (values % turned);
    k.for(0, whole, turned, (first) => turn(first, turned));
    if (whole < values) turn(constant("i32", whole), values - whole);
  }

  /** One split of the real sequence in vectors 0..n-1; samples from `filled` on are zeros and were not written. */
  #split(n: number, filled: number): void {
    const quarter = n / 4;
    const bounds = [0, ...[0, 1, 2, 3].map((j) => Math.min(quarter, Math.max(0, filled - j * quarter))), quarter];
    const cuts = [...new Set(bounds)].toSorted((a, b) => a - b);
    for (let s = 1; s < cuts.length; s++) {
      const from = cuts[s - 1] as number;
      const known = [0, 1, 2, 3].map((j) => from + j * quarter < filled);
      this.#k.for(from, cuts[s] as number, 1, (at) => this.#splitOne(n, at, known));
    }
  }

  /** A value of the real sequence; the first time that it is read, it is multiplied by the window. */
  #sample(n: number, at: Expression): Expression {
    if (n < this.#shape.length || !this.#window) return this.#load(at);
    const factor = widen(this.#k.load(this.#window, at), this.#shape.lanes);
    return this.#k.let(mul(this.#load(at), factor));
  }

  #splitOne(n: number, at: Expression, known: readonly boolean[]): void {
    const k = this.#k;
    const quarter = n / 4;
    const [a, b, c, d] = known.map((is, j) => (is ? this.#sample(n, add(at, j * quarter)) : undefined));
    const sum = (x?: Expression, y?: Expression): Expression => (x && y ? add(x, y) : (x ?? y ?? this.#zero()));
    const difference = (x?: Expression, y?: Expression): Expression =>
      x && y ? k.let(sub(x, y)) : (x ?? (y ? k.let(unary("neg", y)) : this.#zero()));
    const table = this.#plan.realTwiddles.get(n) as number;
    const cosine = this.#twiddle(add(mul(at, 2), table));
    const sine = this.#twiddle(add(mul(at, 2), table + 1));
    const odd: Complex = { re: difference(a, c), im: difference(d, b) };
    const rotated = at.kind === "constant" && at.value === 0 ? odd : rotate(k, odd, cosine, sine);
    this.#store(at, sum(a, c));
    this.#store(add(at, quarter), sum(b, d));
    this.#store(add(at, 2 * quarter), rotated.re);
    this.#store(add(at, 3 * quarter), rotated.im);
  }

  /** Stages of radix 4 over the whole part, then the transforms in registers. */
  #complex(part: ComplexPart): void {
    let n = part.length;
    for (const _ of part.radices.slice(0, -1)) {
      this.#stage(part, n);
      n /= 4;
    }
    this.#last(part, n);
  }

  #stage(part: ComplexPart, n: number): void {
    const k = this.#k;
    const quarter = n / 4;
    const table = this.#plan.complexTwiddles.get(n) as number;
    k.for(0, quarter, 1, (at) => {
      const roots = [0, 1, 2, 3, 4, 5].map((i) => this.#twiddle(add(mul(at, 6), table + i)));
      k.for(0, part.length, n, (block) => {
        const place = (j: number): Expression => add(add(block, at), j * quarter);
        const z = [0, 1, 2, 3].map((j) => ({
          re: this.#load(add(place(j), part.real)),
          im: this.#load(add(place(j), part.imaginary)),
        }));
        for (const [j, y] of fourPoints(k, z).entries()) {
          const rotated = j === 0 ? y : rotate(k, y, roots[2 * j - 2] as Expression, roots[2 * j - 1] as Expression);
          this.#store(add(place(j), part.real), rotated.re);
          this.#store(add(place(j), part.imaginary), rotated.im);
        }
      });
    });
  }

  #last(part: ComplexPart, n: number): void {
    const isPower = this.#shape.result === "power";
    if (n === 1 && !isPower) return;
    const indices = Array.from({ length: n }, (_, i) => i);
    this.#k.for(0, part.length, n, (block) => {
      const real = (i: number): Expression => add(block, part.real + i);
      const imaginary = (i: number): Expression => add(block, part.imaginary + i);
      const z = indices.map((i) => ({ re: this.#load(real(i)), im: this.#load(imaginary(i)) }));
      for (const [i, y] of fewPoints(this.#k, z).entries()) {
        // The upper half of a part's bins lies above the middle of the spectrum: their conjugates are the bins wanted.
        if (isPower) this.#store(real(i), fma(y.re, y.re, mul(y.im, y.im)));
        else {
          this.#store(real(i), y.re);
          this.#store(imaginary(i), n > 1 && i >= n / 2 ? unary("neg", y.im) : y.im);
        }
      }
    });
  }

  /** Bins 0 and length/2 are real. */
  #ends(): void {
    const a = this.#load(0);
    const b = this.#load(1);
    const low = this.#k.let(add(a, b));
    const high = this.#k.let(sub(a, b));
    const isPower = this.#shape.result === "power";
    this.#store(0, isPower ? mul(low, low) : low);
    this.#store(1, isPower ? mul(high, high) : high);
    if (!isPower) this.#store(this.#plan.zeroPlace, this.#zero());
  }

  write(): Kernel {
    const { rows, samples, length, lanes } = this.#shape;
    const k = this.#k;
    const blocks = Math.ceil(rows / lanes);
    const { chunks, each } = chunksOf(this.#shape);
    k.parallel(chunks, (chunk) => {
      this.#base = k.let(mul(chunk, vectorsOf(this.#shape) * lanes));
      const from = k.let(mul(chunk, each));
      k.for(from, min(add(from, each), blocks), 1, (block) => {
        const firstRow = k.let(mul(block, lanes));
        this.#gather(firstRow);
        for (let n = length; n >= 4; n /= 2) this.#split(n, n === length ? Math.min(samples, n) : n);
        for (const part of this.#plan.parts) this.#complex(part);
        this.#ends();
        if (this.#bank && this.#shape.bank)
          writeBank(k, { bank: this.#shape.bank, ...this.#bank, work: this.#work, base: this.#base, bands: length + 1, lanes });
        this.#scatter(firstRow);
      });
    });
    return k.finish();
  }
}

/**
 * Kernel (x [rows, samples], twiddles, places, work, spectrum, window [samples] if there is one, the tables of a bank if there is one)
 * with the tables of `rfftPlan(length).twiddles` and
 * `rfftPlaces(shape)` and `rfftWorkspace(shape)` elements of workspace.
 */
export function rfftKernel(name: string, shape: RfftShape): Kernel {
  return new RfftWriter(name, shape).write();
}
