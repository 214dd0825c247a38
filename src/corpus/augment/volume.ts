import type { RandomStream } from "../../base/random.js";

/** kws_streaming's `volume_resample`: a gain uniform in 1 +- range. */
export function drawGain(range: number, random: RandomStream): number {
  return range > 0 ? random.between(1 - range, 1 + range) : 1;
}
