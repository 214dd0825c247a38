import type { RandomStream } from "../../base/random.js";

/** Speed perturbation (Ko et al. 2015): faster is higher and shorter. */
export interface SpeedOptions {
  /** Factor uniform in 1 +- range. */
  range?: number | undefined;
  /** Or one of these, such as 0.9, 1, 1.1. */
  factors?: readonly number[] | undefined;
}

const taps = 16;
const phases = 512;
// Kaiser window parameter: about -60 dB beside the pass band, as much as the steps of the phase leave.
const beta = 6;
const kernels = new Map<number, Float32Array>();

/** Draws a speed factor. */
export function drawSpeed(options: SpeedOptions, random: RandomStream): number {
  if (options.factors !== undefined && options.factors.length > 0) return random.pick(options.factors);
  const range = options.range ?? 0;
  return range > 0 ? random.between(1 - range, 1 + range) : 1;
}

/**
 * Plays a clip `factor` times as fast around its centre, band-limited (windowed sinc), unlike the linear interpolation of
 * `resampleLinear`. What is missing at the ends is zero.
 * @param samples shape [n]
 * @param factor 0.25 to 4
 * @param out shape [n], another array
 */
export function changeSpeed(samples: Float32Array, factor: number, out: Float32Array): void {
  if (factor === 1) {
    out.set(samples);
    return;
  }
  const kernel = kernelFor(factor);
  const length = samples.length;
  const centre = (length - 1) / 2;
  for (let i = 0; i < out.length; i++) {
    const position = centre + (i - centre) * factor;
    const floor = Math.floor(position);
    const first = floor - taps / 2 + 1;
    const row = Math.round((position - floor) * phases) * taps;
    const from = first < 0 ? -first : 0;
    const to = first + taps > length ? length - first : taps;
    let sum = 0;
    for (let tap = from; tap < to; tap++) sum += samples[first + tap] * kernel[row + tap];
    out[i] = sum;
  }
}

/** Shape [phases + 1, taps]: the low pass for a factor, at steps of a 512th of a sample. */
function kernelFor(factor: number): Float32Array {
  // Faster playing moves frequencies up; what would pass Nyquist is removed. Steps of 1/20 bound the number of tables.
  const cutoff = Math.min(1, 1 / (Math.ceil(Math.max(1, factor) * 20) / 20));
  const known = kernels.get(cutoff);
  if (known !== undefined) return known;
  const kernel = new Float32Array((phases + 1) * taps);
  for (let phase = 0; phase <= phases; phase++) {
    const row = Array.from({ length: taps }, (_, tap) => windowedSinc(tap - taps / 2 + 1 - phase / phases, cutoff));
    const sum = row.reduce((total, value) => total + value, 0);
    kernel.set(
      row.map((value) => value / sum),
      phase * taps,
    );
  }
  kernels.set(cutoff, kernel);
  return kernel;
}

function windowedSinc(distance: number, cutoff: number): number {
  const x = Math.PI * distance * cutoff;
  const ratio = distance / (taps / 2);
  if (Math.abs(ratio) >= 1) return 0;
  return (x === 0 ? 1 : Math.sin(x) / x) * (besselI0(beta * Math.sqrt(1 - ratio * ratio)) / besselI0(beta));
}

/** Modified Bessel function of order 0, by its power series. */
function besselI0(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
