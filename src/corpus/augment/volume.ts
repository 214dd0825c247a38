import type { RandomStream } from "../../base/random.js";

/** Multiplies samples by a gain. `out` may be `samples`. */
export function scaleSamples(samples: Float32Array, gain: number, out: Float32Array): void {
  if (gain === 1) {
    if (out !== samples) out.set(samples);
    return;
  }
  for (let i = 0; i < samples.length; i++) out[i] = samples[i] * gain;
}

/** kws_streaming's `volume_resample`: a gain uniform in 1 +- range. */
export function drawGain(range: number, random: RandomStream): number {
  return range > 0 ? random.between(1 - range, 1 + range) : 1;
}
