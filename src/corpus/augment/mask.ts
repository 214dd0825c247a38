/** A rectangle of a feature map that is blanked; ends are exclusive. */
export interface Mask {
  firstFrame: number;
  endFrame: number;
  firstBin: number;
  endBin: number;
}

/**
 * Sets the masked values.
 * @param features shape [frames, bins], changed in place
 * @param value what masked values become; the originals' 0
 */
export function applyMasks(features: Float32Array, bins: number, masks: readonly Mask[], value = 0): void {
  const frames = features.length / bins;
  for (const { firstFrame, endFrame, firstBin, endBin } of masks) {
    const end = Math.min(endFrame, frames);
    for (let frame = firstFrame; frame < end; frame++)
      features.fill(value, frame * bins + firstBin, frame * bins + Math.min(endBin, bins));
  }
}
