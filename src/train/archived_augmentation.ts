import type { RandomStream } from "../base/random.js";
import { shiftFrames } from "../corpus/augment/frame_shift.js";
import type { LogPower } from "../corpus/augment/log_power.js";
import { applyMasks } from "../corpus/augment/mask.js";
import type { Mask } from "../corpus/augment/mask.js";
import { drawPowerNoise } from "../corpus/augment/power_noise.js";
import { drawSpecAugment } from "../corpus/augment/spec_augment.js";
import { drawSpecCutout } from "../corpus/augment/spec_cutout.js";
import { ArrayMixer, mixedTogether } from "./array_mixer.js";
import type { Recipe } from "./recipe.js";

/** Arrays of one shape whose values are bytes, or numbers. */
export type Values = Uint8Array | Float32Array;

/** What the augmentation of arrays is made from. */
export interface ArchivedOptions {
  readonly frames: number;
  readonly bins: number;
  /** How a value comes from power; missing where it does not: then neither gain nor noise is possible. */
  readonly form?: LogPower | undefined;
  readonly settings: Recipe["augmentation"]["archived"];
}

/**
 * Augments groups of arrays of features as recordings would be: delay, gain, background noise, in this order. Draws the same number of
 * values whatever they lead to. First every place is set, then the group is run.
 */
export class ArchivedAugmenter {
  readonly #options: ArchivedOptions;
  /** Missing where values do not come from power. */
  readonly #mixer: ArrayMixer | undefined;
  /** Results where there is no mixer, shape [group, frames * bins]. */
  readonly #plain: Float32Array;

  /** Use `ArchivedAugmenter.open`. */
  constructor(options: ArchivedOptions, mixer: ArrayMixer | undefined) {
    this.#options = options;
    this.#mixer = mixer;
    this.#plain = new Float32Array(mixer === undefined ? mixedTogether * options.frames * options.bins : 0);
  }

  /** Compiles the mixing. */
  static async open(options: ArchivedOptions, target: "oracle" | "wasm" | "native" | "auto"): Promise<ArchivedAugmenter> {
    const { form, frames, bins } = options;
    return new ArchivedAugmenter(options, form && (await ArrayMixer.open(form, frames * bins, target)));
  }

  /** Arrays of a group. */
  get group(): number {
    return mixedTogether;
  }

  /**
   * A training example from an array of speech, at place `i`.
   * @param values shape [frames, bins]
   * @param noise number of arrays of noise, and how one is got; its view is valid until the next call
   */
  speech(i: number, values: Float32Array, noise: { count: number; get(i: number): Values }, random: RandomStream): void {
    const { frames, bins, form, settings } = this.#options;
    const shift = random.integer(2 * settings.frameShift + 1) - settings.frameShift;
    const gain = settings.gainDecibels * random.normal();
    const choice = drawPowerNoise(
      { frequency: settings.noiseFrequency, decibels: settings.noiseDecibels },
      form === undefined ? 0 : noise.count,
      frames,
      random,
    );
    const mixer = this.#mixer;
    shiftFrames(values, bins, shift, mixer?.voice(i, gain) ?? this.result(i), form?.lowest ?? 0);
    if (mixer === undefined) return;
    if (choice.noise < 0) mixer.quiet(i);
    else mixer.noise(i, noise.get(choice.noise), choice.firstFrame * bins, choice.decibels);
  }

  /** A training example of silence at place `i`: digital silence, or an array of noise, turned round and louder or softer. */
  silence(i: number, values: Values, random: RandomStream): void {
    const { frames, bins, form, settings } = this.#options;
    const zeros = random.uniform() < settings.silenceZeros;
    const first = random.integer(frames) * bins;
    const decibels = random.between(...settings.silenceDecibels);
    const mixer = this.#mixer;
    if (mixer === undefined || form === undefined) {
      const out = this.result(i);
      out.set(values.subarray(first));
      out.set(values.subarray(0, first), values.length - first);
      return;
    }
    mixer.voice(i, 0).fill(form.lowest);
    if (zeros) mixer.quiet(i);
    else mixer.noise(i, values, first, decibels);
  }

  /** Makes the group. */
  run(): void {
    this.#mixer?.run();
  }

  /** Result of place `i`, shape [frames, bins]; valid until it is set again. */
  result(i: number): Float32Array {
    if (this.#mixer !== undefined) return this.#mixer.result(i);
    const length = this.#options.frames * this.#options.bins;
    return this.#plain.subarray(i * length, (i + 1) * length);
  }

  /** Frees the program. */
  close(): void {
    this.#mixer?.close();
  }
}

/** Draws the masks of SpecAugment and SpecCutout for one clip and blanks them in its features, shape [frames, bins]. */
export function maskFeatures(
  features: Float32Array,
  frames: number,
  bins: number,
  augmentation: Pick<Recipe["augmentation"], "specAugment" | "specCutout">,
  random: { clip: RandomStream; batch: RandomStream },
  value: number,
): void {
  const { specAugment, specCutout } = augmentation;
  const masks: Mask[] = [];
  if (specAugment !== null) {
    const source = specAugment.perBatch ? random.batch : random.clip;
    const masked = source.uniform() < specAugment.probability;
    const drawn = drawSpecAugment(specAugment, frames, bins, source);
    if (masked) masks.push(...drawn);
  }
  if (specCutout !== null) masks.push(...drawSpecCutout(specCutout, frames, bins, random.clip));
  applyMasks(features, bins, masks, value);
}
