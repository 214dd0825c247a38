import type { RandomStream } from "../../base/random.js";

/**
 * Delays samples by `shift` (negative: advances them); what becomes free is zero, what leaves the clip is lost.
 * @param samples shape [n]
 * @param out shape [n]; may be `samples`
 */
export function shiftSamples(samples: Float32Array, shift: number, out: Float32Array): void {
  const length = samples.length;
  const delay = Math.max(-length, Math.min(length, shift));
  const from = Math.max(0, -delay);
  const to = Math.max(0, delay);
  const kept = length - Math.abs(delay);
  if (out.buffer === samples.buffer && out.byteOffset === samples.byteOffset) out.copyWithin(to, from, from + kept);
  else out.set(samples.subarray(from, from + kept), to);
  out.fill(0, 0, to);
  out.fill(0, to + kept);
}

/**
 * Shifts by a whole number of samples, uniform in [-most, most): kws_streaming's `time_shift_ms` and `sp_time_shift_ms`, and Hello
 * Edge's.
 * @param most samples, for example 0.1 s * 16000
 * @returns the shift
 */
export function timeShift(samples: Float32Array, most: number, random: RandomStream, out: Float32Array): number {
  const shift = most > 0 ? random.integer(2 * most) - most : 0;
  shiftSamples(samples, shift, out);
  return shift;
}
