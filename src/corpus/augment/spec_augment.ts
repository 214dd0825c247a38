import type { RandomStream } from "../../base/random.js";
import type { Mask } from "./mask.js";

/** Numbers and sizes of SpecAugment's masks (Park et al. 2019, without time warping), named as in kws_streaming. */
export interface SpecAugmentOptions {
  timeMasks: number;
  /** Frames, exclusive. */
  timeMaskSize: number;
  frequencyMasks: number;
  /** Bins, exclusive. */
  frequencyMaskSize: number;
}

/**
 * Draws the masks of kws_streaming's SpecAugment: sizes uniform in [0, most), starts in [0, dimension - size), time masks first.
 * The original draws them once a batch: key the stream by (seed, step) and apply the result to every clip of the batch.
 */
export function drawSpecAugment(options: SpecAugmentOptions, frames: number, bins: number, random: RandomStream): Mask[] {
  const masks: Mask[] = [];
  for (let i = 0; i < options.timeMasks; i++) {
    const [firstFrame, endFrame] = drawRange(options.timeMaskSize, frames, random);
    masks.push({ firstFrame, endFrame, firstBin: 0, endBin: bins });
  }
  for (let i = 0; i < options.frequencyMasks; i++) {
    const [firstBin, endBin] = drawRange(options.frequencyMaskSize, bins, random);
    masks.push({ firstFrame: 0, endFrame: frames, firstBin, endBin });
  }
  return masks;
}

function drawRange(most: number, dimension: number, random: RandomStream): [number, number] {
  const size = Math.min(random.integer(most), dimension);
  const start = random.integer(dimension - size);
  return [start, start + size];
}
