import type { FrontendDescription } from "../frontend/frontend.js";
import type { Posteriors, PosteriorStream } from "./posteriors.js";
import { WindowFeatures } from "./window_features.js";

/** A model of clips, as far as it is needed here. */
export interface ClipModel {
  readonly labels: readonly string[];
  /** Samples of a clip. */
  readonly samples: number;
  /** Hz. */
  readonly rate: number;
  readonly frontendDescription: FrontendDescription;
  /** Probabilities, shape [count, labels], of sounds, shape [count, samples]. */
  scoreSounds(audio: Float32Array, count: number): Promise<Float32Array>;
  /** Probabilities of features, shape [count, T, F]. */
  scoreFeatures(features: Float32Array, count: number): Promise<Float32Array>;
}

/** How often and in which groups windows are scored. */
export interface WindowOptions {
  /** Seconds between two windows. */
  hop: number;
  /** Windows scored together where so many are due. */
  group: number;
  target?: "oracle" | "wasm" | "native" | "auto" | undefined;
}

/** The clip model run on the last clip's length at every hop. Before the sound there is silence. */
export class WindowRunner implements PosteriorStream {
  readonly labels: readonly string[];
  readonly rate: number;
  readonly hop: number;
  readonly #model: ClipModel;
  readonly #features: WindowFeatures | undefined;
  readonly #group: number;
  readonly #step: number;
  /** The window before the next one without its first hop, and what was heard since. */
  readonly #held: Float32Array;
  /** Samples that are held; negative: so many lie in no window, as between windows whose hop is longer than they are. */
  #count: number;
  #windows = 0;

  /** Use `WindowRunner.open`. */
  constructor(model: ClipModel, features: WindowFeatures | undefined, { hop, group }: WindowOptions) {
    [this.#model, this.#features, this.#group] = [model, features, group];
    [this.labels, this.rate] = [model.labels, model.rate];
    this.#step = Math.max(1, Math.round(hop * model.rate));
    this.hop = this.#step / model.rate;
    this.#held = new Float32Array(model.samples + (group - 1) * this.#step);
    this.#count = model.samples - this.#step;
  }

  /** Compiles what windows share. The model is the caller's to close. */
  static async open(model: ClipModel, options: WindowOptions): Promise<WindowRunner> {
    const hop = Math.max(1, Math.round(options.hop * model.rate));
    const shape = { samples: model.samples, rate: model.rate, hop };
    const features = await WindowFeatures.open(model.frontendDescription, shape, options.group, options.target);
    return new WindowRunner(model, features, options);
  }

  async push(samples: Float32Array): Promise<Posteriors[]> {
    const found: Posteriors[] = [];
    for (let at = 0; at < samples.length; ) {
      const wanted = this.#count < 0 ? -this.#count : this.#held.length - this.#count;
      const taken = Math.min(samples.length - at, wanted);
      if (this.#count >= 0) this.#held.set(samples.subarray(at, at + taken), this.#count);
      this.#count += taken;
      at += taken;
      if (this.#count === this.#held.length || at === samples.length) found.push(...(await this.#score()));
    }
    return found;
  }

  close(): void {
    this.#features?.close();
  }

  /** Scores all windows that are there. */
  async #score(): Promise<Posteriors[]> {
    const { samples } = this.#model;
    const count = this.#count < samples ? 0 : Math.floor((this.#count - samples) / this.#step) + 1;
    if (count === 0) return [];
    const scores = await this.#scoresOf(Math.min(count, this.#group));
    this.#held.copyWithin(0, count * this.#step, this.#count);
    this.#count -= count * this.#step;
    const width = this.labels.length;
    return Array.from({ length: count }, (_, i) => ({
      time: (++this.#windows * this.#step) / this.rate,
      scores: scores.slice(i * width, (i + 1) * width),
    }));
  }

  #scoresOf(count: number): Promise<Float32Array> {
    // What lies behind the windows that are due is older sound; its features are not looked at.
    if (this.#features !== undefined) return this.#model.scoreFeatures(this.#features.run(this.#held, count), count);
    const { samples } = this.#model;
    const audio = new Float32Array(count * samples);
    for (let i = 0; i < count; i++) audio.set(this.#held.subarray(i * this.#step, i * this.#step + samples), i * samples);
    return this.#model.scoreSounds(audio, count);
  }
}
