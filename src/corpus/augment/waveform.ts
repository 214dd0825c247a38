import type { RandomStream } from "../../base/random.js";
import type { NoiseChoice, NoiseOptions } from "./background_noise.js";
import { drawNoise } from "./background_noise.js";
import type { ReverberationOptions, Room } from "./reverberation.js";
import { drawRoom, Reverberator } from "./reverberation.js";
import type { SpeedOptions } from "./speed.js";
import { changeSpeed, drawSpeed } from "./speed.js";
import { drawShift } from "./time_shift.js";
import { drawGain } from "./volume.js";

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

/** What was drawn for one clip, in the order in which it is done. */
export interface WaveformChoice {
  /** Factor of length. */
  readonly factor: number;
  readonly speed: number | undefined;
  readonly room: Room | undefined;
  readonly gain: number;
  /** Samples of delay. */
  readonly shift: number;
  readonly noise: NoiseChoice;
}

const noNoise: NoiseChoice = { recording: -1, offset: 0, volume: 0 };

/**
 * Draws what is done to a clip: resample, speed, room, volume, shift, noise. No draw depends on the clip.
 * @param recordings background noise; every recording longer than a clip
 * @param samples of a clip
 */
export function drawWaveform(
  options: WaveformOptions,
  recordings: readonly Float32Array[],
  samples: number,
  random: RandomStream,
): WaveformChoice {
  const { resample = 0, speed, reverberation, volume = 0, timeShift = 0, noise } = options;
  return {
    factor: resample > 0 ? random.between(1 - resample, 1 + resample) : 1,
    speed: speed === undefined ? undefined : drawSpeed(speed, random),
    room: reverberation === undefined ? undefined : drawRoom(reverberation, random),
    gain: drawGain(volume, random),
    shift: drawShift(timeShift, random),
    noise: noise === undefined || recordings.length === 0 ? noNoise : drawNoise(recordings, samples, noise, random),
  };
}

/** Speed and room of a choice, the stages that are not kernels. Holds their buffers. */
export class SpeedAndRoom {
  readonly #reverberator = new Reverberator();
  readonly #spare: Float32Array;

  /** @param samples of a clip */
  constructor(samples: number) {
    this.#spare = new Float32Array(samples);
  }

  /** Changes a clip in place, shape [samples]. */
  apply(samples: Float32Array, { speed, room }: Pick<WaveformChoice, "speed" | "room">): void {
    if (speed !== undefined) {
      changeSpeed(samples, speed, this.#spare);
      samples.set(this.#spare);
    }
    if (room !== undefined) this.#reverberator.apply(samples, room, samples);
  }
}
