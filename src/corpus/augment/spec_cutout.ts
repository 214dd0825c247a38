import type { RandomStream } from "../../base/random.js";
import type { Mask } from "./mask.js";

/** kws_streaming's SpecCutout (DeVries and Taylor 2017 on features). */
export interface SpecCutoutOptions {
  masks: number;
  /** Frames. */
  timeMaskSize: number;
  /** Bins. */
  frequencyMaskSize: number;
}

/**
 * Draws the rectangles for one clip: centres uniform over the map, half sizes = size div 2, cut off at the borders. The original
 * draws them for every clip: key the stream by (seed, step, slot).
 */
export function drawSpecCutout(options: SpecCutoutOptions, frames: number, bins: number, random: RandomStream): Mask[] {
  const halfTime = options.timeMaskSize >> 1;
  const halfFrequency = options.frequencyMaskSize >> 1;
  return Array.from({ length: options.masks }, () => {
    const frame = random.integer(frames);
    const bin = random.integer(bins);
    return {
      firstFrame: Math.max(0, frame - halfTime),
      endFrame: Math.min(frames, frame + halfTime),
      firstBin: Math.max(0, bin - halfFrequency),
      endBin: Math.min(bins, bin + halfFrequency),
    };
  });
}
