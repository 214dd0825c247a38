import { UserError } from "../../base/errors.js";
import type { RandomStream } from "../../base/random.js";

/** Which piece of which recording is mixed in, and how loud. */
export interface NoiseChoice {
  /** Index of the recording. */
  recording: number;
  /** First sample of the piece. */
  offset: number;
  /** Factor; 0 for no noise. */
  volume: number;
}

/** How often and how loud noise is mixed into training clips. */
export interface NoiseOptions {
  /** Probability that noise is heard. Originals: 0.8. */
  frequency: number;
  /** Largest factor; it is drawn uniformly from 0. Originals: 0.1. */
  volume: number;
}

/**
 * Draws a recording, a place in it and a volume as the originals do.
 * @param recordings background noise, each longer than a clip
 * @param length samples of a clip
 * @throws UserError where a recording is not longer than a clip
 */
export function drawNoise(
  recordings: readonly Float32Array[],
  length: number,
  options: NoiseOptions,
  random: RandomStream,
): NoiseChoice {
  if (recordings.length === 0) return { recording: -1, offset: 0, volume: 0 };
  const recording = random.integer(recordings.length);
  const room = recordings[recording].length - length;
  if (room <= 0)
    throw new UserError(
      `background noise recording ${recording} has ${room + length} samples; it must be longer than a clip (${length})`,
    );
  const offset = random.integer(room);
  const heard = random.uniform() < options.frequency;
  return { recording, offset, volume: heard ? random.between(0, options.volume) : 0 };
}
