import * as v from "valibot";
import { UsageError } from "../base/errors.js";

/** The sound that a front end is built for. */
export interface SoundShape {
  /** Samples of a clip. */
  readonly samples: number;
  /** Samples a second. */
  readonly rate: number;
}

const positive = v.pipe(v.number(), v.finite(), v.gtValue(0, "must be greater than 0"));
const finite = v.pipe(v.number(), v.finite());

/** A number above 0. */
export const positiveNumber = (fallback: number) => v.optional(positive, fallback);
/** A number of at least 0. */
export const naturalNumber = (fallback: number) =>
  v.optional(v.pipe(v.number(), v.finite(), v.minValue(0, "must not be negative")), fallback);
/** Any finite number. */
export const anyNumber = (fallback: number) => v.optional(finite, fallback);
/** A whole number from `low` to `high`. */
export const wholeNumber = (low: number, high: number, fallback: number) =>
  v.optional(
    v.pipe(
      v.number(),
      v.integer("must be a whole number"),
      v.minValue(low, `must be at least ${low}`),
      v.maxValue(high, `must be at most ${high}`),
    ),
    fallback,
  );
/** true or false. */
export const flag = (fallback: boolean) => v.optional(v.boolean(), fallback);
/** One of the names. */
export const choice = <const Names extends readonly string[]>(names: Names, fallback: Names[number]) =>
  v.optional(v.picklist(names, `must be one of ${names.join(", ")}`), fallback);

/** Most mel bands or coefficients. */
export const mostBands = 1024;

/** Options that every front end of mel bands has: frames in milliseconds, edges in hertz. */
export const melEntries = {
  /** Length of a frame, ms. */
  windowMs: positiveNumber(40),
  /** Hop between frames, ms. */
  strideMs: positiveNumber(20),
  melBands: wholeNumber(1, mostBands, 40),
  lowerHertz: naturalNumber(20),
  upperHertz: positiveNumber(7000),
};

/** Values of `melEntries`. */
export interface MelOptions {
  readonly windowMs: number;
  readonly strideMs: number;
  readonly melBands: number;
  readonly lowerHertz: number;
  readonly upperHertz: number;
}

/** Frames in samples and the size of the transform. */
export interface Framing {
  readonly window: number;
  readonly hop: number;
  readonly points: number;
  readonly frames: number;
}

/** The smallest power of two that holds n, at least 4. */
function powerOfTwo(n: number): number {
  let size = 4;
  while (size < n) size *= 2;
  return size;
}

/**
 * Frames of a clip, counted as the originals do: milliseconds cut to whole samples, whole frames only.
 * @param samples samples of the clip with its padding
 * @throws UsageError where the options do not fit the sound
 */
export function framingOf(options: MelOptions, samples: number, rate: number, points = 0): Framing {
  const window = Math.trunc((rate * options.windowMs) / 1000);
  const hop = Math.trunc((rate * options.strideMs) / 1000);
  if (!(Number.isInteger(rate) && rate >= 1000 && rate <= 384000))
    wrong(`a front end needs a rate of 1,000 to 384,000 samples a second, found ${rate}`);
  if (!(Number.isInteger(samples) && samples >= 1 && samples <= 2 ** 28))
    wrong(`a front end needs 1 to 2^28 samples, found ${samples}`);
  if (window < 1) wrong(`option windowMs: ${options.windowMs} ms are no sample at ${rate} Hz; give more`);
  if (hop < 1) wrong(`option strideMs: ${options.strideMs} ms are no sample at ${rate} Hz; give more`);
  const size = points === 0 ? powerOfTwo(window) : points;
  if (size < window)
    wrong(
      `option fftSize: ${size} points do not hold a window of ${window} samples; give 0 or a power of two from ${powerOfTwo(window)}`,
    );
  if (size > 65536) wrong(`option windowMs: a window of ${window} samples is longer than 65,536; give less`);
  if (window > samples) wrong(`option windowMs: a window of ${window} samples is longer than the sound of ${samples}; give less`);
  if (options.upperHertz > rate / 2)
    wrong(`option upperHertz: ${options.upperHertz} Hz lie above half the rate of ${rate} Hz; give at most ${rate / 2}`);
  if (options.lowerHertz >= options.upperHertz)
    wrong(`option lowerHertz: ${options.lowerHertz} Hz do not lie below upperHertz, ${options.upperHertz} Hz; give less`);
  return { window, hop, points: size, frames: 1 + Math.floor((samples - window) / hop) };
}

function wrong(message: string): never {
  throw new UsageError(message);
}

/** @throws UsageError where more coefficients than bands are asked for */
export function checkCoefficients(option: string, coefficients: number, bands: number): void {
  if (coefficients > bands)
    throw new UsageError(
      `option ${option}: ${bands} mel bands give at most ${bands} coefficients, found ${coefficients}; give less`,
    );
}
