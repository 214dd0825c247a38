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
