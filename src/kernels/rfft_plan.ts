import { invariant } from "../base/errors.js";

/** Complex transform of `length` points inside the plan: real parts at `real`, imaginary parts at `imaginary` (vectors of the workspace). */
export interface ComplexPart {
  readonly length: number;
  readonly real: number;
  readonly imaginary: number;
  /** Radix of each stage, outermost first; the last one is done in registers. */
  readonly radices: readonly number[];
}

/** Where the parts of a bin stand in the workspace after the transform. */
export interface BinPlace {
  readonly real: number;
  readonly imaginary: number;
}

/** How a real transform is computed; see rfft.ts. */
export interface RfftPlan {
  readonly length: number;
  readonly parts: readonly ComplexPart[];
  /** Places of bins 0..length/2; `zeroPlace` where the imaginary part is 0. */
  readonly places: readonly BinPlace[];
  readonly zeroPlace: number;
  /** Twiddle factors: cosine and sine of 2 pi k j / N, in the order in which the stages read them. */
  readonly twiddles: Float64Array;
  /** First twiddle of a real split of N points (2 numbers for each k < N/4). */
  readonly realTwiddles: ReadonlyMap<number, number>;
  /** First twiddle of a complex stage of N points (6 numbers for each k < N/4). */
  readonly complexTwiddles: ReadonlyMap<number, number>;
}

/** Stages of radix 4 down to a transform that fits registers. */
function radicesOf(length: number): number[] {
  const radices: number[] = [];
  let rest = length;
  for (; rest > 8; rest /= 4) radices.push(4);
  return [...radices, rest];
}

/** Place of each result of a complex transform whose stages leave their results in place: the digits reversed. */
function reversedPlaces(radices: readonly number[]): number[] {
  let places = [0];
  let length = radices.reduce((a, b) => a * b, 1);
  for (const radix of radices) {
    length /= radix;
    const found = places;
    places = [];
    for (let digit = 0; digit < radix; digit++) for (const p of found) places.push(p + digit * length);
  }
  return places;
}

const plans = new Map<number, RfftPlan>();

/** The plan for `length` points, a power of two from 4 to 2^16. */
export function rfftPlan(length: number): RfftPlan {
  const known = plans.get(length);
  if (known) return known;
  invariant(Number.isInteger(Math.log2(length)) && length >= 4 && length <= 65536, `rfft of ${length} points`);
  const twiddles: number[] = [];
  const realTwiddles = new Map<number, number>();
  const complexTwiddles = new Map<number, number>();
  const root = (k: number, n: number): void =>
    void twiddles.push(Math.cos((2 * Math.PI * k) / n), Math.sin((2 * Math.PI * k) / n));
  const parts: ComplexPart[] = [];
  const places: BinPlace[] = [];
  places[0] = { real: 0, imaginary: length };
  places[length / 2] = { real: 1, imaginary: length };
  for (let n = length; n >= 4; n /= 2) {
    realTwiddles.set(n, twiddles.length);
    for (let k = 0; k < n / 4; k++) root(k, n);
    const part = { length: n / 4, real: n / 2, imaginary: (3 * n) / 4, radices: radicesOf(n / 4) };
    parts.push(part);
    for (const [j, place] of reversedPlaces(part.radices).entries()) {
      const bin = (length / n) * (4 * j + 1);
      places[bin > length / 2 ? length - bin : bin] = { real: part.real + place, imaginary: part.imaginary + place };
    }
  }
  for (const part of parts) {
    for (let n = part.length; n > 8; n /= 4) {
      if (complexTwiddles.has(n)) continue;
      complexTwiddles.set(n, twiddles.length);
      for (let k = 0; k < n / 4; k++) for (let j = 1; j < 4; j++) root(j * k, n);
    }
  }
  const plan = { length, parts, places, zeroPlace: length, twiddles: Float64Array.from(twiddles), realTwiddles, complexTwiddles };
  plans.set(length, plan);
  return plan;
}
