import { RandomStream } from "../base/random.js";
import { openArchive } from "../corpus/archive.js";
import type { WaveformOptions } from "../corpus/augment/waveform.js";
import { drawWaveform, SpeedAndRoom } from "../corpus/augment/waveform.js";
import { join, type Junction } from "../corpus/augment/junction.js";
import { applyMasks, type Mask } from "../corpus/augment/mask.js";
import type { Clip } from "../corpus/clip.js";
import type { FeatureArchive } from "../corpus/feature_archive.js";
import type { ClipLoaderOptions } from "../corpus/load_clip.js";
import { ClipLoader } from "../corpus/load_clip.js";
import type { KernelTime } from "../engine/kernel_times.js";
import type { NoisePiece } from "../corpus/noise_bank.js";
import { drawPiece } from "../corpus/noise_bank.js";
import type { Sampler } from "../corpus/sampler.js";
import type { ArchivedAugmenter } from "./archived_augmentation.js";
import { drawMasks, masksOf } from "./archived_augmentation.js";
import type { Values } from "./array_program.js";
import type { ClipProgram } from "./clip_program.js";
import { LoaderClock } from "./loader_clock.js";
import { Junctions } from "./junctions.js";
import type { LoaderMemory } from "./loader_memory.js";
import type { LoaderPrograms } from "./loader_programs.js";
import { openPrograms } from "./loader_programs.js";
import { type Batch, type BatchMaking, type LoaderPlan, samplerOf } from "./loader_plan.js";
import type { SpectrogramMaker } from "./spectrogram_maker.js";

// Keep the draws of these stages apart from each other and from the sampler's.
const soundKey = 0x50f7a1;
const arrayKey = 0xa44a71;
const maskKey = 0x3a5c19;
const batchMaskKey = 0xba7c43;

/** Arrays are read one by one from anywhere: to keep some costs more than to ask the system for them again. */
const atRandom = { blockBytes: 1, cacheBytes: 1 };

/** A label that is no word's, and not silence's. */
const noLabel = -2;

/** A slot that holds a sound, and the sampler's choice for it. */
interface SoundSlot {
  slot: number;
  clip: Clip;
  joined?: { clip: Clip; junction: Junction } | undefined;
}

/** A slot that holds an array of an archive. */
interface ArraySlot {
  slot: number;
  source: number;
  index: number;
  label: number;
  joined?: { index: number; junction: Junction } | undefined;
}

/**
 * Makes batches: chooses clips, loads, augments and computes features. A batch is a pure function of the plan and its step: the
 * sounds of a batch run through the front end in groups of one size, in the order of their slots.
 */
export class BatchMaker {
  readonly #plan: LoaderPlan;
  readonly #sampler: Sampler;
  readonly #junctions: Junctions;
  /** The recording that is joined to another, [samples] or [T0, F0]. */
  readonly #partner: Float32Array;
  readonly #loader: ClipLoader;
  readonly #archives: readonly (FeatureArchive | undefined)[];
  readonly #waveform: WaveformOptions;
  readonly #speedAndRoom: SpeedAndRoom;
  readonly #archived: ArchivedAugmenter | undefined;
  /** An array that was read, shape [T0, F0]. */
  readonly #array: Float32Array;
  /** Missing where all clips are arrays. */
  readonly #clips: ClipProgram | undefined;
  /** Only stretches, for clips of which speed or room are changed. */
  readonly #stretch: ClipProgram | undefined;
  /** In the place of `clips` where spectrograms are augmented. */
  readonly #spectrograms: SpectrogramMaker | undefined;
  readonly #clock: LoaderClock;

  /** Use `BatchMaker.open`. */
  constructor(plan: LoaderPlan, programs: LoaderPrograms, { memory, clock }: BatchMaking = {}) {
    this.#plan = plan;
    this.#clock = clock ?? new LoaderClock();
    this.#clips = programs.clips;
    this.#spectrograms = programs.spectrograms;
    this.#stretch = programs.stretch;
    this.#sampler = samplerOf(plan);
    this.#junctions = new Junctions(plan);
    this.#loader = new ClipLoader({ rate: plan.rate, ...loadingWithin(memory) });
    this.#archives = plan.sources.map((source) => (source.kind === "archive" ? openArchive(source.root, atRandom) : undefined));
    this.#waveform = waveformOptions(plan);
    this.#speedAndRoom = new SpeedAndRoom(plan.samples);
    this.#archived = programs.archived;
    const [frames, bins] = plan.frontend.arrayShape;
    this.#array = new Float32Array(frames * bins);
    this.#partner = new Float32Array(Math.max(plan.samples, frames * bins));
  }

  /** Compiles the front end and opens the archives. */
  static async open(plan: LoaderPlan, making: BatchMaking = {}): Promise<BatchMaker> {
    return new BatchMaker(plan, await openPrograms(plan, making.profile), making);
  }

  /**
   * Writes the batch of a step.
   * @param step counted from 1
   */
  async make(step: number, out: Batch): Promise<void> {
    const { batch, classes, classWeights, sources } = this.#plan;
    out.targets.fill(0);
    const sounds: SoundSlot[] = [];
    const arrays: ArraySlot[] = [];
    this.#clock.start();
    for (let slot = 0; slot < batch; slot++) {
      const { source, clip } = this.#sampler.draw(step, slot);
      const set = sources[source];
      const label = set.labels[clip];
      out.targets[slot * classes + label] = 1;
      out.weights[slot] = classWeights[label];
      const junction = this.#junctions.draw(step, slot, source, label);
      if (set.kind === "sounds")
        sounds.push({ slot, clip: set.clips[clip], joined: junction && { clip: set.clips[junction.partner], junction } });
      else
        arrays.push({
          slot,
          source,
          index: set.arrays[clip],
          label,
          joined: junction && { index: set.arrays[junction.partner], junction },
        });
    }
    this.#clock.lap("choose");
    const features = featuresOf(out, batch);
    this.#fromArchives(step, arrays, features);
    await this.#fromSounds(step, sounds, features);
  }

  /** Time by kernel of augmentation and front end, if opened with `profile`. */
  kernelTimes(): readonly KernelTime[] {
    return (this.#clips ?? this.#spectrograms)?.kernelTimes() ?? [];
  }

  /** Closes archives and programs. */
  close(): void {
    for (const archive of this.#archives) archive?.close();
    this.#clips?.close();
    this.#spectrograms?.close();
    this.#stretch?.close();
    this.#archived?.close();
  }

  #fromArchives(step: number, slots: readonly ArraySlot[], features: readonly Float32Array[]): void {
    const augmenter = this.#archived;
    if (augmenter === undefined) return;
    for (let from = 0; from < slots.length; from += augmenter.group) {
      const members = slots.slice(from, from + augmenter.group);
      for (const [i, member] of members.entries()) {
        const values = this.#readArray(member, augmenter.bytes);
        this.#clock.lap("archive");
        this.#augmentArray(step, augmenter, i, { ...member, values });
      }
      this.#finishArrays(augmenter, members, features);
    }
  }

  /** An array as its bytes or as numbers; valid until the next call. */
  #readArray({ source, index, joined }: ArraySlot, bytes: boolean): Values {
    const archive = this.#archives[source]!;
    if (bytes) return archive.bytes(index);
    const array = this.#array;
    archive.read(index, array);
    if (joined === undefined) return array;
    const partner = this.#partner.subarray(0, array.length);
    archive.read(joined.index, partner);
    join(array, partner, this.#plan.frontend.arrayShape[1], joined.junction);
    return array;
  }

  /** Puts an array to place `i` of a group. Archive noise labelled as silence becomes a training example of silence. */
  #augmentArray(
    step: number,
    augmenter: ArchivedAugmenter,
    i: number,
    { slot, label, values }: { slot: number; label: number; values: Values },
  ): void {
    const { seed, silence, noiseArrays, frontend } = this.#plan;
    const random = new RandomStream(seed, arrayKey, step, slot);
    const length = values.length;
    const get = (place: number) => noiseArrays.subarray(place * length, (place + 1) * length);
    if (label === silence) augmenter.silence(i, values, random);
    else augmenter.speech(i, values, { count: noiseArrays.length / length, get }, random);
    if (augmenter.masks) augmenter.mask(i, this.#masks(step, slot, ...frontend.arrayShape));
    this.#clock.lap("augment arrays");
  }

  /** Computes a group of arrays and puts the results into their slots. */
  #finishArrays(augmenter: ArchivedAugmenter, members: readonly { slot: number }[], features: readonly Float32Array[]): void {
    augmenter.run();
    for (const [i, { slot }] of members.entries()) features[slot].set(augmenter.result(i));
    this.#clock.lap("array kernels");
  }

  async #fromSounds(step: number, sounds: readonly SoundSlot[], features: readonly Float32Array[]): Promise<void> {
    if (this.#spectrograms !== undefined) return this.#fromSpectrograms(step, sounds, this.#spectrograms, features);
    const program = this.#clips;
    if (program === undefined) return;
    for (let from = 0; from < sounds.length; from += program.group) {
      const members = sounds.slice(from, from + program.group);
      for (const [i, member] of members.entries()) await this.#load(step, member, program, i);
      program.run();
      this.#clock.lap("kernels");
      if (this.#archived === undefined) this.#takeFeatures(step, members, program, features);
      else this.#takeArrays(step, members, program, this.#archived, features);
    }
  }

  async #fromSpectrograms(
    step: number,
    sounds: readonly SoundSlot[],
    maker: SpectrogramMaker,
    features: readonly Float32Array[],
  ): Promise<void> {
    const { group } = maker.program;
    for (let from = 0; from < sounds.length; from += group) {
      const members = sounds.slice(from, from + group);
      for (const [i, sound] of members.entries()) {
        const choice = maker.draw(new RandomStream(this.#plan.seed, soundKey, step, sound.slot));
        maker.set(i, sound.clip.kind === "silence" ? 0 : await this.#read(sound, maker.program, i), choice);
      }
      maker.run(members.length);
      this.#takeFeatures(step, members, maker, features);
    }
  }

  /** Puts the results of a group into their slots and masks them. */
  #takeFeatures(
    step: number,
    members: readonly SoundSlot[],
    program: { result(i: number): Float32Array },
    features: readonly Float32Array[],
  ): void {
    const { augmentation, frontend } = this.#plan;
    const [frames, bins] = frontend.arrayShape;
    for (const [i, { slot }] of members.entries()) features[slot].set(program.result(i));
    this.#clock.lap("kernels");
    if (masksOf(augmentation) === "none") return;
    for (const { slot } of members) applyMasks(features[slot], bins, this.#masks(step, slot, frames, bins));
    this.#clock.lap("masks");
  }

  /** Augments the results of a group as an archive's arrays are. Silence has had its noise as a sound; it is augmented as speech is. */
  #takeArrays(
    step: number,
    members: readonly SoundSlot[],
    program: ClipProgram,
    augmenter: ArchivedAugmenter,
    features: readonly Float32Array[],
  ): void {
    for (let from = 0; from < members.length; from += augmenter.group) {
      const some = members.slice(from, from + augmenter.group);
      for (const [i, { slot }] of some.entries())
        this.#augmentArray(step, augmenter, i, { slot, label: noLabel, values: program.result(from + i) });
      this.#finishArrays(augmenter, some, features);
    }
  }

  /** Loads a clip into place `i` of the program, and says what is done to it there. */
  async #load(step: number, sound: SoundSlot, program: ClipProgram, i: number): Promise<void> {
    const { slot, clip } = sound;
    const { seed, noise, augmentation, samples } = this.#plan;
    const random = new RandomStream(seed, soundKey, step, slot);
    if (clip.kind === "silence") {
      const { silenceVolume, silenceFrequency = 1 } = augmentation.waveform;
      const drawn = drawPiece(noise, samples, silenceVolume, random);
      const piece = silenceFrequency < 1 && random.uniform() >= silenceFrequency ? { ...drawn, volume: 0 } : drawn;
      this.#mixIn(program, i, piece);
      program.set(i, { count: 0, factor: 1, shift: 0, gain: 1, noiseVolume: piece.volume });
      return;
    }
    const choice = drawWaveform(this.#waveform, noise, samples, random);
    const { factor, gain, shift } = choice;
    const noiseVolume = choice.noise.volume;
    this.#mixIn(program, i, choice.noise);
    const inBetween = choice.speed !== undefined || choice.room !== undefined;
    if (inBetween && this.#stretch !== undefined) {
      await this.#stretched(sound, this.#stretch, factor, program.floats(i));
      this.#speedAndRoom.apply(program.floats(i), choice);
      this.#clock.lap("speed and room");
      program.set(i, { count: -1, factor: 1, shift, gain, noiseVolume });
      return;
    }
    const count = await this.#read(sound, program, i);
    program.set(i, { count, factor, shift, gain, noiseVolume });
  }

  #mixIn(program: ClipProgram, i: number, { recording, offset, volume }: NoisePiece): void {
    if (volume > 0) program.setNoise(i, this.#plan.noise[recording], offset);
    this.#clock.lap("noise");
  }

  /** Reads a clip into place `i`; gives the number of 16-bit samples, or -1 where it was written as floats. */
  async #read({ clip, joined }: SoundSlot, program: ClipProgram, i: number): Promise<number> {
    if (joined !== undefined) return this.#readJoined(clip, joined, program.floats(i));
    const count = this.#loader.loadRaw(clip, program.pcm(i));
    this.#clock.lap("read");
    if (count >= 0) return count;
    await this.#loader.load(clip, program.floats(i));
    this.#clock.lap("decode");
    return -1;
  }

  /** Reads two clips and joins them, as floats. */
  async #readJoined(clip: Clip, joined: { clip: Clip; junction: Junction }, out: Float32Array): Promise<number> {
    const partner = this.#partner.subarray(0, out.length);
    await this.#loader.load(clip, out);
    await this.#loader.load(joined.clip, partner);
    join(out, partner, 1, joined.junction);
    this.#clock.lap("decode");
    return -1;
  }

  /** A clip stretched, for what is done to it before the rest. */
  async #stretched(sound: SoundSlot, stretch: ClipProgram, factor: number, out: Float32Array): Promise<void> {
    const count = await this.#read(sound, stretch, 0);
    stretch.set(0, { count, factor, shift: 0, gain: 1, noiseVolume: 0 });
    stretch.run();
    out.set(stretch.result(0));
    this.#clock.lap("kernels");
  }

  /** What is masked of a slot's features. */
  #masks(step: number, slot: number, frames: number, bins: number): Mask[] {
    const { seed, augmentation } = this.#plan;
    const random = {
      clip: new RandomStream(seed, maskKey, step, slot),
      batch: new RandomStream(seed, batchMaskKey, step),
    };
    return drawMasks(frames, bins, augmentation, random);
  }
}

/** The features of a batch, slot by slot. */
function featuresOf({ features }: Batch, batch: number): Float32Array[] {
  const length = features.length / batch;
  return Array.from({ length: batch }, (_, slot) => features.subarray(slot * length, (slot + 1) * length));
}

/** How recordings are loaded within the memory of a loader. */
function loadingWithin(memory: LoaderMemory | undefined): Pick<ClipLoaderOptions, "cacheBytes" | "limits"> {
  if (memory === undefined) return {};
  const { cacheBytes, maxFileBytes: maxBytes, maxSamples } = memory;
  return { cacheBytes, limits: { maxBytes, maxSamples, remedy: "cut it into pieces or raise --loader-memory" } };
}

/** With an archive in the mix, shift, volume and noise follow on the arrays, for sounds and arrays alike. */
function waveformOptions({ augmentation, frontend, rate }: LoaderPlan): WaveformOptions {
  const settings = augmentation.waveform;
  const common = {
    resample: settings.resample,
    speed: settings.speed > 0 ? { range: settings.speed } : undefined,
    reverberation: settings.reverberation > 0 ? { probability: settings.reverberation, sampleRate: rate } : undefined,
  };
  if (frontend.stack !== undefined) return common;
  const noise = { frequency: settings.noiseFrequency, volume: settings.noiseVolume };
  const timeShift = Math.round((settings.timeShiftMilliseconds * rate) / 1000);
  return { ...common, volume: settings.volume, timeShift, noise };
}
