import type { RandomStream } from "../base/random.js";
import { shiftFrames } from "../corpus/augment/frame_shift.js";
import type { LogPower } from "../corpus/augment/log_power.js";
import { bytePowers, fastLog, powerOf } from "../corpus/augment/log_power.js";
import { applyMasks } from "../corpus/augment/mask.js";
import type { Mask } from "../corpus/augment/mask.js";
import { drawPowerNoise } from "../corpus/augment/power_noise.js";
import { drawSpecAugment } from "../corpus/augment/spec_augment.js";
import { drawSpecCutout } from "../corpus/augment/spec_cutout.js";
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
 * Augments arrays of features as recordings would be: delay, gain, background noise, in this order. Draws the same number of
 * values whatever they lead to.
 */
export class ArchivedAugmenter {
  readonly #options: ArchivedOptions;
  readonly #shifted: Float32Array;

  constructor(options: ArchivedOptions) {
    this.#options = options;
    this.#shifted = new Float32Array(options.frames * options.bins);
  }

  /**
   * A training example from an array of speech.
   * @param values shape [frames, bins]
   * @param noise number of arrays of noise, and how one is got; its view is valid until the next call
   * @param out shape [frames, bins]
   */
  speech(values: Values, noise: { count: number; get(i: number): Values }, random: RandomStream, out: Float32Array): void {
    const { frames, bins, form, settings } = this.#options;
    const shift = random.integer(2 * settings.frameShift + 1) - settings.frameShift;
    const gain = settings.gainDecibels * random.normal();
    const choice = drawPowerNoise(
      { frequency: settings.noiseFrequency, decibels: settings.noiseDecibels },
      form === undefined ? 0 : noise.count,
      frames,
      random,
    );
    this.#shifted.set(values);
    shiftFrames(this.#shifted, bins, shift, form === undefined ? out : this.#shifted, form?.lowest ?? 0);
    if (form === undefined) return;
    const other = choice.noise < 0 ? undefined : noise.get(choice.noise);
    mixPowers(this.#shifted, gain, other, choice.firstFrame * bins, choice.decibels, form, out);
  }

  /** A training example of silence: digital silence, or an array of noise, turned round and louder or softer. */
  silence(values: Values, random: RandomStream, out: Float32Array): void {
    const { frames, bins, form, settings } = this.#options;
    const zeros = random.uniform() < settings.silenceZeros;
    const first = random.integer(frames) * bins;
    const decibels = random.between(...settings.silenceDecibels);
    if (form === undefined) {
      out.set(values.subarray(first));
      out.set(values.subarray(0, first), values.length - first);
      return;
    }
    this.#shifted.fill(form.lowest);
    mixPowers(this.#shifted, 0, zeros ? undefined : values, first, decibels, form, out);
  }
}

/**
 * Powers of independent sounds add.
 * @param voice shape [n]
 * @param voiceDecibels gain of the voice
 * @param noise shape [n], read from `noiseStart` on and round; none where missing
 */
function mixPowers(
  voice: Float32Array,
  voiceDecibels: number,
  noise: Values | undefined,
  noiseStart: number,
  noiseDecibels: number,
  form: LogPower,
  out: Float32Array,
): void {
  const { scale, floor, lowest, highest } = form;
  const voiceGain = 10 ** (voiceDecibels / 10);
  const noiseGain = 10 ** (noiseDecibels / 10);
  const table = bytePowers(form);
  const voicePower = (value: number) => (value === (value & 255) ? table[value] : powerOf(value, form));
  let at = noise === undefined ? 0 : noiseStart % noise.length;
  for (let i = 0; i < voice.length; i++) {
    let power = voiceGain * voicePower(voice[i]);
    if (noise !== undefined) {
      power += noiseGain * voicePower(noise[at]);
      at = at + 1 === noise.length ? 0 : at + 1;
    }
    const value = scale * fastLog(floor + power);
    out[i] = value < lowest ? lowest : value > highest ? highest : value;
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
