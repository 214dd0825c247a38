import { UserError } from "../base/errors.js";
import type { ReadOptions } from "../signal/decode.js";
import type { Clip } from "./clip.js";
import { Pcm16Reader } from "./pcm16.js";
import { readRecording } from "./recording.js";

/** What a loaded clip looks like. */
export interface ClipLoaderOptions {
  /** Sample rate of the clip, in Hz. Default 16000. */
  rate?: number | undefined;
  /** What is refused: recordings that are too long or files that are too large. Default: longer than an hour. */
  limits?: Omit<ReadOptions, "rate"> | undefined;
  /** Most bytes of decoded recordings kept for further pieces of the same file. Default 64 MB. */
  cacheBytes?: number | undefined;
}

/** Where the sound of a clip is. */
export type ClipPlace = Pick<Clip, "path" | "kind" | "start" | "end">;

/**
 * Loads clips: read, decode, mix down, bring to the rate, cut between start and end, then cut or zero-pad at the end. Generated
 * silence is zeros (see `pieceOfNoise` for training). Holds its buffers, so use one for many clips.
 */
export class ClipLoader {
  readonly #rate: number;
  readonly #limits: Omit<ReadOptions, "rate">;
  readonly #cacheBytes: number;
  readonly #reader = new Pcm16Reader();
  // Recordings with several pieces, in the order of their last use.
  readonly #recordings = new Map<string, Float32Array>();
  #held = 0;

  constructor(options: ClipLoaderOptions = {}) {
    this.#rate = options.rate ?? 16000;
    this.#limits = options.limits ?? {};
    this.#cacheBytes = options.cacheBytes ?? 64 << 20;
  }

  /**
   * Loads a clip without waiting, where that is possible: generated silence, and mono 16-bit WAV files of the right rate.
   * @param out shape [samples], wholly overwritten
   * @returns whether it was possible; if not, use `load`
   */
  loadNow(clip: ClipPlace, out: Float32Array): boolean {
    if (clip.kind === "silence") {
      out.fill(0);
      return true;
    }
    const [start, end] = this.#piece(clip, out.length);
    try {
      return this.#reader.read(clip.path, this.#rate, start, end, out);
    } catch {
      return false; // the general reader says what is wrong
    }
  }

  /**
   * Reads the samples of a mono 16-bit WAV file of the right rate as they are.
   * @param out shape [samples]; what lies behind the samples read stays
   * @returns samples read, or -1 where it is no such file; then use `load`
   */
  loadRaw(clip: ClipPlace, out: Int16Array): number {
    const [start, end] = this.#piece(clip, out.length);
    try {
      return this.#reader.readRaw(clip.path, this.#rate, start, end, out);
    } catch {
      return -1; // the general reader says what is wrong
    }
  }

  /** First sample of a clip in its file, and the one behind its last. */
  #piece(clip: ClipPlace, samples: number): [start: number, end: number] {
    const start = Math.round((clip.start ?? 0) * this.#rate);
    return [start, clip.end === undefined ? start + samples : Math.round(clip.end * this.#rate)];
  }

  /**
   * Loads any clip.
   * @param out shape [samples], wholly overwritten
   * @throws UserError for a file that cannot be read, has no sound or ends before the clip starts
   */
  async load(clip: ClipPlace, out: Float32Array): Promise<void> {
    if (this.loadNow(clip, out)) return;
    const samples = await this.#recording(clip);
    const start = Math.round((clip.start ?? 0) * this.#rate);
    const end = Math.min(samples.length, clip.end === undefined ? samples.length : Math.round(clip.end * this.#rate));
    if (end <= start) {
      const length = (samples.length / this.#rate).toFixed(3);
      throw new UserError(`${clip.path}: there is no sound from ${clip.start ?? 0} s on; the recording lasts ${length} s`);
    }
    const count = Math.min(out.length, end - start);
    out.set(samples.subarray(start, start + count));
    out.fill(0, count);
  }

  async #recording(clip: ClipPlace): Promise<Float32Array> {
    const known = this.#recordings.get(clip.path);
    if (known !== undefined) {
      this.#recordings.delete(clip.path);
      this.#recordings.set(clip.path, known);
      return known;
    }
    const samples = await readRecording(clip.path, { rate: this.#rate, ...this.#limits });
    if (samples.length === 0)
      throw new UserError(`${clip.path}: the file holds no sound; record it again or take it out of the data set`);
    if (clip.start !== undefined || clip.end !== undefined) this.#keep(clip.path, samples);
    return samples;
  }

  #keep(path: string, samples: Float32Array): void {
    if (samples.byteLength > this.#cacheBytes || this.#recordings.has(path)) return;
    this.#recordings.set(path, samples);
    this.#held += samples.byteLength;
    for (const [oldest, recording] of this.#recordings) {
      if (this.#held <= this.#cacheBytes) break;
      this.#recordings.delete(oldest);
      this.#held -= recording.byteLength;
    }
  }
}

/**
 * Loads one clip.
 * @param samples length of the result
 * @returns shape [samples]
 */
export async function loadClip(clip: ClipPlace, samples = 16000, options: ClipLoaderOptions = {}): Promise<Float32Array> {
  const out = new Float32Array(samples);
  await new ClipLoader(options).load(clip, out);
  return out;
}
