import { KernelBuilder } from "./kernel_builder.js";
import {
  add,
  type Buffer,
  binary,
  constant,
  convert,
  div,
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

/** Frames of clips to magnitudes of bands, in the fixed point of TensorFlow's micro front end. */
export interface MicroBands {
  readonly batch: number;
  readonly samples: number;
  readonly frames: number;
  readonly length: number;
  readonly hop: number;
  /** Points of the complex transform: half of those of the real one, a power of two. */
  readonly half: number;
  readonly bands: number;
}

/** Iterations of the parallel loop, each with a workspace of its own. */
const mostChunks = 16;

function chunksOf({ batch, frames }: MicroBands): { chunks: number; each: number } {
  const each = Math.ceil((batch * frames) / mostChunks);
  return { chunks: Math.ceil((batch * frames) / each), each };
}

/** Integers of a chunk: windowed samples, real and imaginary part, power. */
const valuesOf = ({ half }: MicroBands): number => 5 * half + 1;

/** Elements (i32) of the workspace. */
export function microWorkspace(shape: MicroBands): number {
  return chunksOf(shape).chunks * valuesOf(shape);
}

/** (a * b + 2^14) / 2^15, rounded down: the product of two numbers of 15 bits, rounded. */
const rounded = (product: Expression): Expression => binary("shr", add(product, 16384), 15);
const divided = (x: Expression, by: 2 | 4): Expression => rounded(mul(x, Math.floor(32767 / by)));

interface Places {
  readonly samples: Expression;
  readonly real: Expression;
  readonly imaginary: Expression;
  readonly power: Expression;
}

/** Buffers: x f32, window, places, cosines, sines, superCosines, superSines, starts, weights, unweights (i32), workspace i32, y f32. */
export function microBandsKernel(s: MicroBands): Kernel {
  const k = new KernelBuilder("micro_bands");
  const x = k.buffer("x", "f32");
  const names = ["window", "places", "cosines", "sines", "superCosines", "superSines", "starts", "weights", "unweights"] as const;
  const t = Object.fromEntries(names.map((name) => [name, k.buffer(name, "i32")])) as Record<(typeof names)[number], Buffer>;
  const w = k.buffer("workspace", "i32", true);
  const y = k.buffer("y", "f32", true);
  const { chunks, each } = chunksOf(s);
  k.parallel(chunks, (chunk) => {
    const base = k.let(mul(chunk, valuesOf(s)));
    const at: Places = {
      samples: base,
      real: k.let(add(base, 2 * s.half)),
      imaginary: k.let(add(base, 3 * s.half)),
      power: k.let(add(base, 4 * s.half)),
    };
    const last = k.let(min(mul(add(chunk, 1), each), constant("i32", s.batch * s.frames)));
    k.for(k.let(mul(chunk, each)), last, 1, (row) => {
      const from = k.let(add(mul(div(row, s.frames), s.samples), mul(rem(row, s.frames), s.hop)));
      const factor = windowed(k, s, x, t.window, w, from, at);
      k.for(0, s.half, 1, (i) => {
        const place = k.let(add(at.samples, mul(k.load(t.places, i), 2)));
        k.store(w, add(at.real, i), mul(k.load(w, place), factor));
        k.store(w, add(at.imaginary, i), mul(k.load(w, add(place, 1)), factor));
      });
      const isOdd = Math.log2(s.half) % 2 === 1;
      if (isOdd) pairs(k, s, t.cosines, t.sines, w, at);
      for (let width = isOdd ? 2 : 1; width < s.half; width *= 4) stage(k, s, width, t.cosines, t.sines, w, at);
      powers(k, s, t.superCosines, t.superSines, w, at);
      k.for(0, s.bands, 1, (band) => {
        const sum = k.mutable(constant("f64", 0));
        const collect = (channel: Expression, of: Buffer): void =>
          k.for(k.load(t.starts, channel), k.load(t.starts, k.let(add(channel, 1))), 1, (bin) => {
            const power = convert(k.load(w, add(at.power, bin)), "f64");
            k.assign(sum, add(sum, mul(convert(k.load(of, bin), "f64"), power)));
          });
        collect(band, t.unweights);
        collect(k.let(add(band, 1)), t.weights);
        const magnitude = unary("floor", div(root(k, sum), convert(factor, "f64")));
        k.store(y, add(mul(row, s.bands), band), convert(magnitude, "f32"));
      });
    });
  });
  return k.finish();
}

/** Windowed samples in 16 bits, and the power of two by which they can be multiplied to fill these. */
function windowed(
  k: KernelBuilder,
  s: MicroBands,
  x: Buffer,
  window: Buffer,
  w: Buffer,
  from: Expression,
  at: Places,
): Expression {
  const most = k.mutable(constant("i32", 0));
  k.for(0, s.length, 1, (i) => {
    const steps = unary("nearest", mul(k.load(x, add(from, i)), 32768));
    const sample = convert(max(min(steps, 32767), -32768), "i32");
    const value = k.let(binary("shr", mul(sample, k.load(window, i)), 12));
    k.store(w, add(at.samples, i), value);
    k.assign(most, max(most, max(value, sub(constant("i32", 0), value))));
  });
  k.for(s.length, 2 * s.half, 1, (i) => k.store(w, add(at.samples, i), constant("i32", 0)));
  const factor = k.mutable(constant("i32", 32768));
  k.for(0, 15, 1, (bit) => {
    const power = k.let(binary("shl", constant("i32", 1), bit));
    k.if(binary("ge", most, power), () => k.assign(factor, binary("shr", factor, 1)));
  });
  return factor;
}

/** The first stage where the points are no power of four: radix 2, half of the scale lost. */
function pairs(k: KernelBuilder, s: MicroBands, cosines: Buffer, sines: Buffer, w: Buffer, at: Places): void {
  k.for(0, s.half, 2, (first) => {
    const [a, b] = [first, k.let(add(first, 1))].map((place) => ({
      r: k.let(divided(k.load(w, add(at.real, place)), 2)),
      i: k.let(divided(k.load(w, add(at.imaginary, place)), 2)),
    })) as [Complex, Complex];
    // The factor of 1 is a little less in 15 bits: the original multiplies by it.
    const t = turned(k, b.r, b.i, constant("i32", 0), cosines, sines);
    for (const [from, value] of [
      [at.real, [add(a.r, t.r), sub(a.r, t.r)]],
      [at.imaginary, [add(a.i, t.i), sub(a.i, t.i)]],
    ] as const)
      value.forEach((each, q) => k.store(w, add(add(from, first), q), each));
  });
}

/** One stage of the transform, radix 4, decimated in time, a quarter of the scale lost. */
function stage(k: KernelBuilder, s: MicroBands, width: number, cosines: Buffer, sines: Buffer, w: Buffer, at: Places): void {
  const stride = s.half / (4 * width);
  k.for(0, s.half, 4 * width, (block) =>
    k.for(0, width, 1, (j) => {
      const places = [0, 1, 2, 3].map((q) => k.let(add(add(block, j), q * width)));
      const [first, ...others] = places.map((place, q) => {
        const r = k.let(divided(k.load(w, add(at.real, place)), 4));
        const i = k.let(divided(k.load(w, add(at.imaginary, place)), 4));
        return q === 0 ? { r, i } : turned(k, r, i, k.let(mul(j, q * stride)), cosines, sines);
      }) as [Complex, ...Complex[]];
      const [a, b, c] = others as [Complex, Complex, Complex];
      const plus = (p: Complex, q: Complex): Complex => ({ r: k.let(add(p.r, q.r)), i: k.let(add(p.i, q.i)) });
      const minus = (p: Complex, q: Complex): Complex => ({ r: k.let(sub(p.r, q.r)), i: k.let(sub(p.i, q.i)) });
      const [even, odd, outer, inner] = [plus(first, b), minus(first, b), plus(a, c), minus(a, c)];
      const results = [
        plus(even, outer),
        { r: add(odd.r, inner.i), i: sub(odd.i, inner.r) },
        minus(even, outer),
        { r: sub(odd.r, inner.i), i: add(odd.i, inner.r) },
      ];
      results.forEach(({ r, i }, q) => {
        k.store(w, add(at.real, places[q] as Expression), r);
        k.store(w, add(at.imaginary, places[q] as Expression), i);
      });
    }),
  );
}

interface Complex {
  readonly r: Expression;
  readonly i: Expression;
}

function turned(k: KernelBuilder, r: Expression, i: Expression, place: Expression, cosines: Buffer, sines: Buffer): Complex {
  const [c, d] = [k.let(k.load(cosines, place)), k.let(k.load(sines, place))];
  return { r: k.let(rounded(sub(mul(r, c), mul(i, d)))), i: k.let(rounded(add(mul(r, d), mul(i, c)))) };
}

/** Power of bins 1 to half - 1 of the real transform; bin 0 and the last count in no band. */
function powers(k: KernelBuilder, s: MicroBands, cosines: Buffer, sines: Buffer, w: Buffer, at: Places): void {
  const { half } = s;
  for (const bin of [0, half]) k.store(w, add(at.power, bin), constant("i32", 0));
  k.for(1, half / 2 + 1, 1, (bin) => {
    const mirrored = k.let(sub(constant("i32", half), bin));
    const part = (from: Expression, place: Expression): Expression => k.load(w, add(from, place));
    const a = { r: k.let(divided(part(at.real, bin), 2)), i: k.let(divided(part(at.imaginary, bin), 2)) };
    const negative = sub(constant("i32", 0), part(at.imaginary, mirrored));
    const b = { r: k.let(divided(part(at.real, mirrored), 2)), i: k.let(divided(negative, 2)) };
    const even = { r: k.let(add(a.r, b.r)), i: k.let(add(a.i, b.i)) };
    const odd = turned(k, k.let(sub(a.r, b.r)), k.let(sub(a.i, b.i)), k.let(sub(bin, 1)), cosines, sines);
    const square = (r: Expression, i: Expression): Expression => {
      const [u, v] = [k.let(binary("shr", r, 1)), k.let(binary("shr", i, 1))];
      return add(mul(u, u), mul(v, v));
    };
    k.store(w, add(at.power, bin), square(add(even.r, odd.r), add(even.i, odd.i)));
    k.store(w, add(at.power, mirrored), square(sub(even.r, odd.r), sub(odd.i, even.i)));
  });
}

/** Square root of a whole number below 2^52, rounded to nearest; below 2^32 at most 65,535, as the original. */
function root(k: KernelBuilder, x: Expression): Expression {
  const value = k.let(x);
  const below = k.let(unary("floor", unary("sqrt", value)));
  const rest = sub(value, mul(below, below));
  const up = select(binary("gt", rest, below), constant("f64", 1), 0);
  const held = binary("and", binary("eq", below, 65535), binary("lt", value, 2 ** 32));
  return k.let(add(below, select(held, constant("f64", 0), up)));
}
