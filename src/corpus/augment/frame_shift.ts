import type { RandomStream } from "../../base/random.js";

/**
 * Delays a feature map by `shift` frames (negative: advances it).
 * @param features shape [frames, bins]
 * @param out shape [frames, bins]; may be `features`
 * @param fill value of the frames that become free; 0 is digital silence where value = 10 ln(1 + power)
 */
export function shiftFrames(
  features: Float32Array | Uint8Array,
  bins: number,
  shift: number,
  out: Float32Array | Uint8Array,
  fill = 0,
): void {
  const frames = features.length / bins;
  const delay = Math.max(-frames, Math.min(frames, shift));
  const from = Math.max(0, -delay) * bins;
  const to = Math.max(0, delay) * bins;
  const kept = (frames - Math.abs(delay)) * bins;
  if (out.buffer === features.buffer && out.byteOffset === features.byteOffset) out.copyWithin(to, from, from + kept);
  else out.set(features.subarray(from, from + kept), to);
  out.fill(fill, 0, to);
  out.fill(fill, to + kept);
}

/** Shifts by whole frames, uniform in [-most, most] (a symmetric range, as a frame is long). Returns the shift. */
export function frameShift(
  features: Float32Array,
  bins: number,
  most: number,
  random: RandomStream,
  out: Float32Array,
  fill = 0,
): number {
  const shift = random.integer(2 * most + 1) - most;
  shiftFrames(features, bins, shift, out, fill);
  return shift;
}
