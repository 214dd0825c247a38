import type { Scale } from "../graph/quantized.js";

/** Least and largest value that a tensor takes. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** Element types of quantized activations. */
export type ActivationType = "i8" | "i16";

/** The smallest range that holds both. */
export function union(a: Range, b: Range): Range {
  return { low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) };
}

/** What is smaller is nothing: a value that was 0 in all clips, as behind dead units. It gets the range from 0 to 1. */
const leastRange = 1e-9;

/**
 * Scale and zero point of activations, as TFLite's converter chooses them: i8 over the range widened to hold 0, which gets a value of its
 * own; i16 symmetric.
 */
export function activationScale(range: Range, dtype: ActivationType): Scale {
  const isNothing = range.high - range.low < leastRange && Math.max(range.high, -range.low) < leastRange;
  const low = Math.min(0, range.low);
  const high = isNothing ? 1 : Math.max(0, range.high);
  if (dtype === "i16") return { scale: Math.fround(Math.max(high, -low) / 32767), zeroPoint: 0 };
  const scale = Math.fround((high - low) / 255);
  const zeroPoint = Math.max(-128, Math.min(127, Math.round(-128 - low / scale)));
  return { scale, zeroPoint };
}

/** Steps of a result in one step of the sums that it is made from: XNNPACK, LiteRT's usual kernels, takes fewer than 256. */
const mostSteps = 128;

/** A scale that is not much finer than the sums of products that the result is made from; the zero point stays. */
export function scaleForSums({ scale, zeroPoint }: Scale, inputScale: number, weightScales: readonly number[]): Scale {
  const step = inputScale * Math.max(...weightScales);
  return { scale: Math.max(scale, Math.fround(step / mostSteps)), zeroPoint };
}

/** Scale of values in [-1, 1], such as a recurrent state: a power of two. */
export function unitScale(dtype: ActivationType): Scale {
  return { scale: dtype === "i8" ? 1 / 128 : 1 / 32768, zeroPoint: 0 };
}

/** Weights in 8 bits, symmetric, and the bias in 32. */
export interface QuantizedWeights {
  readonly weights: Int8Array;
  readonly scales: number[];
  readonly bias?: Int32Array;
}

/** Largest magnitude of a bias: half of the range, so that sums have room. */
const largestBias = 2 ** 30;

/**
 * Quantizes weights, one scale a channel; the channel of element i is floor(i / inner) mod channels.
 * @param inner elements between neighbours along the channel's axis
 * @param inputScale scale of what the weights are multiplied with; the bias gets this times the weights' scale
 */
export function quantizeWeights(
  weights: Float32Array,
  channels: number,
  inner: number,
  inputScale: number,
  bias?: Float32Array,
): QuantizedWeights {
  const largest = new Float64Array(channels);
  const channelOf = (i: number): number => Math.floor(i / inner) % channels;
  weights.forEach((w, i) => (largest[channelOf(i)] = Math.max(largest[channelOf(i)]!, Math.abs(w))));
  const scales = Array.from(largest, (most, c) => {
    // A channel of (nearly) no weight must still be able to hold its bias.
    const forBias = bias ? Math.abs(bias[c]!) / (inputScale * largestBias) : 0;
    return Math.fround(Math.max(most / 127, forBias, 1e-12));
  });
  const quantized = Int8Array.from(weights, (w, i) => Math.max(-127, Math.min(127, Math.round(w / scales[channelOf(i)]!))));
  if (!bias) return { weights: quantized, scales };
  return { weights: quantized, scales, bias: Int32Array.from(bias, (b, c) => Math.round(b / (inputScale * scales[c]!))) };
}

/** Largest sum of |x * w| over a column plus its bias, for x of magnitudes up to `largest`. */
export function largestSum({ weights, bias }: QuantizedWeights, channels: number, inner: number, largest: number): number {
  const sums = new Float64Array(channels);
  weights.forEach((w, i) => (sums[Math.floor(i / inner) % channels]! += Math.abs(w) * largest));
  bias?.forEach((b, c) => (sums[c]! += Math.abs(b)));
  return sums.reduce((a, b) => Math.max(a, b), 0);
}
