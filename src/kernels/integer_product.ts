import { KernelBuilder } from "./kernel_builder.js";
import { add, type Buffer, constant, div, type ElementType, type Expression, type Kernel, mul, rem, widen } from "./language.js";
import { limit, multiplyByQuantizedMultiplier } from "./requantize.js";
import { pieces, type VectorPiece } from "./vectors.js";

/** A loop over places or taps: how many, and how far apart in elements. */
export interface IntegerWalk {
  readonly size: number;
  /** Stride in x. */
  readonly a: number;
  /** Stride in y (places) or in the weights (taps). */
  readonly b: number;
}

/** y[place, column] = requantize(bias[column] + sum over taps of (x + xOffset) * w), in 32-bit integers. */
export interface IntegerProduct {
  readonly x: ElementType;
  readonly y: ElementType;
  readonly places: readonly IntegerWalk[];
  readonly taps: readonly IntegerWalk[];
  readonly columns: number;
  /** Depthwise: column c of the output takes column c of x. */
  readonly depthwise: boolean;
  readonly xOffset: number;
  readonly yOffset: number;
  readonly low: number;
  readonly high: number;
  /** Whether any factor is shifted to the left. */
  readonly shiftsLeft: boolean;
}

/** Vectors of sums that are kept in registers. */
const vectorsPerBlock = 4;

/** Joins neighbouring taps that both operands walk as one. */
function joined(walks: readonly IntegerWalk[]): IntegerWalk[] {
  const list: IntegerWalk[] = [];
  for (const w of walks) {
    const last = list.at(-1);
    if (w.size === 1) continue;
    if (last && last.a === w.a * w.size && last.b === w.b * w.size) list[list.length - 1] = { ...w, size: last.size * w.size };
    else list.push(w);
  }
  return list;
}

/** Buffers: x, w [taps, columns] i8, bias [columns] i32, multiplier, left shift, right shift [columns] i32, y. */
export function integerProductKernel(spec: IntegerProduct, lanes: number): Kernel {
  const k = new KernelBuilder(spec.depthwise ? "depthwise_integer_product" : "integer_product");
  const x = k.buffer("x", spec.x);
  const w = k.buffer("w", "i8");
  const bias = k.buffer("bias", "i32");
  const multiplier = k.buffer("multiplier", "i32");
  const left = k.buffer("left", "i32");
  const right = k.buffer("right", "i32");
  const y = k.buffer("y", spec.y, true);
  const taps = joined(spec.taps);

  const overTaps = (depth: number, at: Expression, weight: Expression, visit: (at: Expression, w: Expression) => void): void => {
    const walk = taps[depth];
    if (!walk) return visit(at, weight);
    k.for(0, walk.size, 1, (t) => overTaps(depth + 1, k.let(add(at, mul(t, walk.a))), k.let(add(weight, mul(t, walk.b))), visit));
  };
  const block = (from: Expression, to: Expression, first: Expression, parts: readonly VectorPiece[]): void => {
    const column = (base: Expression, at: number): Expression => add(base, add(first, at));
    const part = (buffer: Buffer, p: VectorPiece): Expression => k.let(k.load(buffer, column(constant("i32", 0), p.at), p.lanes));
    const sums = parts.map((p) => k.mutable(k.load(bias, column(constant("i32", 0), p.at), p.lanes)));
    overTaps(0, from, constant("i32", 0), (at, weight) => {
      const shared = spec.depthwise ? undefined : k.let(add(k.load(x, at), spec.xOffset));
      parts.forEach((p, i) => {
        const value = shared ? widen(shared, p.lanes) : add(k.load(x, column(at, p.at), p.lanes), spec.xOffset);
        k.assign(sums[i]!, add(sums[i]!, mul(value, k.load(w, column(weight, p.at), p.lanes))));
      });
    });
    parts.forEach((p, i) => {
      const shift = spec.shiftsLeft ? part(left, p) : 0;
      const scaled = multiplyByQuantizedMultiplier(k, sums[i]!, part(multiplier, p), shift, part(right, p));
      k.store(y, column(to, p.at), k.let(limit(add(scaled, spec.yOffset), spec.low, spec.high)));
    });
  };

  k.parallel(
    spec.places.reduce((n, p) => n * p.size, 1),
    (p) => {
      let place = p;
      let from: Expression = constant("i32", 0);
      let to: Expression = constant("i32", 0);
      for (let d = spec.places.length - 1; d >= 0; d--) {
        const walk = spec.places[d]!;
        const i = d === 0 ? place : k.let(rem(place, walk.size));
        from = k.let(add(from, mul(i, walk.a)));
        to = k.let(add(to, mul(i, walk.b)));
        if (d > 0) place = k.let(div(place, walk.size));
      }
      const width = lanes * vectorsPerBlock;
      const whole = spec.columns - (spec.columns % width);
      const full = Array.from({ length: vectorsPerBlock }, (_, i) => ({ at: i * lanes, lanes }));
      k.for(0, whole, width, (first) => block(from, to, first, full));
      const rest = pieces(spec.columns - whole, lanes);
      if (rest.length > 0) block(from, to, constant("i32", whole), rest);
    },
  );
  return k.finish();
}
