import type { RandomStream } from "../base/random.js";
import { shiftFrames } from "../corpus/augment/frame_shift.js";
import type { Mask } from "../corpus/augment/mask.js";
import { drawPowerNoise } from "../corpus/augment/power_noise.js";
import { drawSpecAugment } from "../corpus/augment/spec_augment.js";
import { drawSpecCutout } from "../corpus/augment/spec_cutout.js";
import { type ArrayGraphOptions, ArrayProgram, lowestOf, type Values } from "./array_program.js";
import type { Recipe } from "./recipe.js";

/** What the augmentation of arrays is made from. Where values do not come from power (`form`), neither gain nor noise is possible. */
export interface ArchivedOptions extends ArrayGraphOptions {
  readonly settings: Recipe["augmentation"]["archived"];
}

/**
 * Augments groups of arrays of features as recordings would be: delay, gain, background noise, in this order, then masks; and brings
 * them through what follows. Draws the same number of values whatever they lead to. First every place is set, then the group is run.
 */
export class ArchivedAugmenter {
  readonly #options: ArchivedOptions;
  readonly #program: ArrayProgram;
  readonly #lowest: number;

  /** Use `ArchivedAugmenter.open`. */
  constructor(options: ArchivedOptions, program: ArrayProgram) {
    this.#options = options;
    this.#program = program;
    this.#lowest = lowestOf(options.form);
  }

  /** Compiles what is computed. */
  static async open(options: ArchivedOptions, target: "oracle" | "wasm" | "native" | "auto"): Promise<ArchivedAugmenter> {
    return new ArchivedAugmenter(options, await ArrayProgram.open(options, target));
  }

  /** Arrays of a group. */
  get group(): number {
    return this.#options.group;
  }

  /** Whether it takes arrays as bytes. */
  get bytes(): boolean {
    return this.#options.bytes === true;
  }

  /** Whether values are masked. */
  get masks(): boolean {
    return (this.#options.masks ?? "none") !== "none";
  }

  /**
   * A training example from an array of speech, at place `i`.
   * @param values shape [frames, bins]
   * @param noise number of arrays of noise, and how one is got; its view is valid until the next call
   */
  speech(i: number, values: Values, noise: { count: number; get(i: number): Values }, random: RandomStream): void {
    const { frames, bins, form, settings } = this.#options;
    const program = this.#program;
    const shift = random.integer(2 * settings.frameShift + 1) - settings.frameShift;
    const gain = settings.gainDecibels * random.normal();
    const choice = drawPowerNoise(
      { frequency: settings.noiseFrequency, decibels: settings.noiseDecibels },
      form === undefined ? 0 : noise.count,
      frames,
      random,
    );
    shiftFrames(values, bins, shift, program.voice(i), this.#lowest);
    program.gain(i, gain);
    if (choice.noise < 0) program.quiet(i);
    else program.noise(i, noise.get(choice.noise), choice.firstFrame * bins, choice.decibels);
  }

  /** A training example of silence at place `i`: digital silence, or an array of noise, turned round and louder or softer. */
  silence(i: number, values: Values, random: RandomStream): void {
    const { frames, bins, form, settings } = this.#options;
    const program = this.#program;
    const zeros = random.uniform() < settings.silenceZeros;
    const first = random.integer(frames) * bins;
    const decibels = random.between(...settings.silenceDecibels);
    const voice = program.voice(i);
    if (form === undefined) {
      voice.set(values.subarray(first));
      voice.set(values.subarray(0, first), values.length - first);
      return;
    }
    voice.fill(this.#lowest);
    program.gain(i, 0);
    if (zeros) program.quiet(i);
    else program.noise(i, values, first, decibels);
  }

  /** Says what of place `i` is blanked. */
  mask(i: number, masks: readonly Mask[]): void {
    this.#program.mask(i, masks);
  }

  /** Makes the group. */
  run(): void {
    this.#program.run();
  }

  /** Result of place `i`; valid until the next run. */
  result(i: number): Float32Array {
    return this.#program.result(i);
  }

  /** Frees the program. */
  close(): void {
    this.#program.close();
  }
}

/** What a recipe masks of features, and how the masks are drawn. */
export type Masking = Pick<Recipe["augmentation"], "specAugment" | "specCutout">;

/** What may be masked. */
export function masksOf({ specAugment, specCutout }: Masking): "none" | "bands" | "any" {
  return specCutout !== null ? "any" : specAugment !== null ? "bands" : "none";
}

/** Draws the masks of SpecAugment and SpecCutout for one clip. */
export function drawMasks(
  frames: number,
  bins: number,
  { specAugment, specCutout }: Masking,
  random: { clip: RandomStream; batch: RandomStream },
): Mask[] {
  const masks: Mask[] = [];
  if (specAugment !== null) {
    const source = specAugment.perBatch ? random.batch : random.clip;
    const masked = source.uniform() < specAugment.probability;
    const drawn = drawSpecAugment(specAugment, frames, bins, source);
    if (masked) masks.push(...drawn);
  }
  if (specCutout !== null) masks.push(...drawSpecCutout(specCutout, frames, bins, random.clip));
  return masks;
}
