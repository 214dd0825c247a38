import { UserError } from "../base/errors.js";
import type { RandomStream } from "../base/random.js";
import { readRecording } from "./recording.js";

/** How recordings of background noise are loaded. */
export interface NoiseBankOptions {
  /** Hz. Default 16000. */
  rate?: number | undefined;
  /** Samples of a clip; every recording must be longer. Default 16000. */
  clipSamples?: number | undefined;
  /** Most seconds held, of all recordings together. Default 3600 (220 MB). */
  maxSeconds?: number | undefined;
}

/**
 * Loads recordings of background noise whole.
 * @returns one array of samples a path, in order; empty for no paths: then there is no noise
 * @throws UserError naming a recording that is unreadable or not longer than a clip, or where they are too long together
 */
export async function loadNoise(paths: readonly string[], options: NoiseBankOptions = {}): Promise<Float32Array[]> {
  const { rate = 16000, clipSamples = 16000, maxSeconds = 3600 } = options;
  const recordings: Float32Array[] = [];
  let left = maxSeconds;
  for (const path of paths) {
    const samples = await readRecording(path, { rate, maxSeconds: left });
    if (samples.length <= clipSamples) {
      const [has, needs] = [samples.length / rate, clipSamples / rate].map((seconds) => seconds.toFixed(2));
      throw new UserError(
        `${path}: background noise lasts ${has} s and must be longer than a clip (${needs} s); join recordings or remove it`,
      );
    }
    left -= samples.length / rate;
    recordings.push(samples);
  }
  return recordings;
}

/**
 * Loads recordings of background noise one after another into shared memory, to be read round and round.
 * @throws UserError naming a recording that is unreadable, or where they are too long together or have no sound
 */
export async function loadNoiseStream(
  paths: readonly string[],
  { rate = 16000, maxSeconds = 3600 }: Omit<NoiseBankOptions, "clipSamples"> = {},
): Promise<Float32Array> {
  const recordings: Float32Array[] = [];
  let left = maxSeconds;
  for (const path of paths) {
    const samples = await readRecording(path, { rate, maxSeconds: left });
    left -= samples.length / rate;
    recordings.push(samples);
  }
  const length = recordings.reduce((sum, { length: samples }) => sum + samples, 0);
  if (length === 0) throw new UserError(`${paths.join(", ") || "background noise"}: there is no sound of background noise`);
  const all = new Float32Array(new SharedArrayBuffer(4 * length));
  let at = 0;
  for (const samples of recordings) {
    all.set(samples, at);
    at += samples.length;
  }
  return all;
}

/** A piece of a recording and how loud it is taken. */
export interface NoisePiece {
  /** Index of the recording; -1 where there is none. */
  readonly recording: number;
  /** First sample. */
  readonly offset: number;
  /** Factor. */
  readonly volume: number;
}

/**
 * Draws the background noise of a training example of silence: recording, place and volume uniformly.
 * @param recordings each longer than a clip
 * @param samples of a clip
 * @param volume largest factor
 */
export function drawPiece(
  recordings: readonly Float32Array[],
  samples: number,
  volume: number,
  random: RandomStream,
): NoisePiece {
  if (recordings.length === 0) return { recording: -1, offset: 0, volume: 0 };
  const recording = random.integer(recordings.length);
  const offset = random.integer(recordings[recording].length - samples);
  return { recording, offset, volume: random.between(0, volume) };
}

/**
 * A drawn piece of background noise; zeros where there is no recording.
 * @param out shape [samples]
 */
export function pieceOfNoise(recordings: readonly Float32Array[], volume: number, random: RandomStream, out: Float32Array): void {
  const piece = drawPiece(recordings, out.length, volume, random);
  if (piece.recording < 0) {
    out.fill(0);
    return;
  }
  const recording = recordings[piece.recording];
  for (let i = 0; i < out.length; i++) out[i] = recording[piece.offset + i] * piece.volume;
}
