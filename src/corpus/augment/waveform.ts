import type { RandomStream } from "../../base/random.js";
import type { NoiseOptions } from "./background_noise.js";
import { drawNoise, limitSamples, mixNoise } from "./background_noise.js";
import { resampleLinear } from "./resample.js";
import type { ReverberationOptions } from "./reverberation.js";
import { drawRoom, Reverberator } from "./reverberation.js";
import type { SpeedOptions } from "./speed.js";
import { changeSpeed, drawSpeed } from "./speed.js";
import { timeShift } from "./time_shift.js";
import { drawGain, scaleSamples } from "./volume.js";

/** What is done to the samples of a training clip, in kws_streaming's order. Whatever is missing is not done. */
export interface WaveformOptions {
  /** Factor of length uniform in 1 +- resample. Originals: 0.15. */
  resample?: number | undefined;
  speed?: SpeedOptions | undefined;
  reverberation?: ReverberationOptions | undefined;
  /** Gain uniform in 1 +- volume; original `volume_resample`. */
  volume?: number | undefined;
  /** Samples: shift uniform in [-timeShift, timeShift). Originals: 100 ms, 1600. */
  timeShift?: number | undefined;
  noise?: NoiseOptions | undefined;
}

/** Augments clips of one length: resample, speed, room, volume, shift, noise, limit. Holds its buffers. */
export class WaveformAugmenter {
  readonly #options: WaveformOptions;
  readonly #recordings: readonly Float32Array[];
  readonly #reverberator = new Reverberator();
  #spare = new Float32Array(0);

  /** @param recordings background noise; every recording longer than a clip */
  constructor(options: WaveformOptions, recordings: readonly Float32Array[] = []) {
    this.#options = options;
    this.#recordings = recordings;
  }

  /**
   * Changes a clip in place. Silence stays silent until the noise is added. Each stage draws whether or not the clip is silent, so
   * that the draws of a stage do not depend on the clip.
   * @param samples shape [n], a multiple of -1..1
   */
  apply(samples: Float32Array, random: RandomStream): void {
    const { resample = 0, speed, reverberation, volume = 0, timeShift: most = 0, noise } = this.#options;
    if (this.#spare.length !== samples.length) this.#spare = new Float32Array(samples.length);
    const spare = this.#spare;
    if (resample > 0) {
      resampleLinear(samples, random.between(1 - resample, 1 + resample), spare);
      samples.set(spare);
    }
    if (speed !== undefined) {
      changeSpeed(samples, drawSpeed(speed, random), spare);
      samples.set(spare);
    }
    if (reverberation !== undefined) {
      const room = drawRoom(reverberation, random);
      if (room !== undefined) this.#reverberator.apply(samples, room, samples);
    }
    if (volume > 0) scaleSamples(samples, drawGain(volume, random), samples);
    if (most > 0) timeShift(samples, most, random, samples);
    this.#addNoise(samples, noise, random);
  }

  #addNoise(samples: Float32Array, noise: NoiseOptions | undefined, random: RandomStream): void {
    if (noise === undefined || this.#recordings.length === 0) {
      limitSamples(samples, samples);
      return;
    }
    const { recording, offset, volume } = drawNoise(this.#recordings, samples.length, noise, random);
    mixNoise(samples, this.#recordings[recording], offset, volume, samples);
  }
}
