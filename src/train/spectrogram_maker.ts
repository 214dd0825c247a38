import type { RandomStream } from "../base/random.js";
import type { SpectrogramChoice, SpectrogramNoise, SpectrogramOptions } from "../corpus/augment/spectrogram.js";
import {
  drawSpectrogram,
  drawSpectrogramNoise,
  joinedPiece,
  lengthened,
  SpectrumStretcher,
} from "../corpus/augment/spectrogram.js";
import { compile } from "../engine/compile.js";
import type { KernelTime } from "../engine/kernel_times.js";
import type { CompiledProgram } from "../engine/program.js";
import { retype } from "../graph/retype.js";
import { type Graph, sizeOf } from "../graph/types.js";
import { optimize } from "../passes/optimize.js";
import { ClipProgram } from "./clip_program.js";

/** A front end cut behind its Fourier transform. Graphs are typed for one clip. */
export interface CutFrontend {
  /** "audio" [1, samples] -> "features" [1, frames, 2, bins]: real parts, then imaginary parts. */
  readonly toSpectrum: Graph;
  /** "spectrum" [1, frames, 2, bins] -> "features" [1, T, F]. */
  readonly fromSpectrum: Graph;
}

/** What a maker is made for. */
export interface SpectrogramMakerOptions {
  readonly group: number;
  readonly samples: number;
  readonly frontend: CutFrontend;
  /** Background noise, joined end to end. */
  readonly noise: readonly Float32Array[];
  readonly settings: SpectrogramOptions;
  readonly target: "oracle" | "wasm" | "native" | "auto";
  /** Whether its kernels are timed. */
  readonly profile?: boolean | undefined;
}

/** What was drawn for a clip. */
export interface MadeChoice {
  readonly clip: SpectrogramChoice;
  readonly noise: SpectrogramNoise | undefined;
}

/** Makes features of groups of clips that are augmented as spectrograms, on one thread. A result does not depend on its neighbours. */
export class SpectrogramMaker {
  readonly #options: SpectrogramMakerOptions;
  readonly #finish: CompiledProgram;
  readonly #stretcher: SpectrumStretcher;
  /** Input of the second program, [group, frames, 2, bins]. */
  readonly #spectra: Float32Array;
  readonly #moved: Float32Array;
  readonly #features: Float32Array;
  readonly #pieces: number;
  readonly #choices: (MadeChoice | undefined)[];
  /** Takes the sounds; its results are spectra. */
  readonly program: ClipProgram;

  /** Use `SpectrogramMaker.open`. */
  constructor(program: ClipProgram, finish: CompiledProgram, options: SpectrogramMakerOptions) {
    const [, frames, , bins] = options.frontend.fromSpectrum.inputs[0].value.type.shape as [number, number, number, number];
    this.program = program;
    this.#finish = finish;
    this.#options = options;
    this.#stretcher = new SpectrumStretcher({ frames, bins });
    this.#spectra = finish.read("spectrum");
    this.#moved = new Float32Array(2 * frames * bins);
    this.#features = finish.read("features");
    this.#pieces = Math.floor(options.noise.reduce((sum, { length }) => sum + length, 0) / options.samples);
    this.#choices = new Array(options.group).fill(undefined);
  }

  /** Compiles. */
  static async open(options: SpectrogramMakerOptions): Promise<SpectrogramMaker> {
    const { group, samples, frontend, target, profile = false } = options;
    const program = await ClipProgram.open(frontend.toSpectrum, {
      group,
      samples,
      noise: false,
      unlimited: true,
      target,
      profile,
    });
    const finish = await compile(finishGraph(frontend, group), { target, threads: 1, profile });
    return new SpectrogramMaker(program, finish, options);
  }

  /** Draws what is done to a clip. */
  draw(random: RandomStream): MadeChoice {
    const { settings } = this.#options;
    return { clip: drawSpectrogram(settings, random), noise: drawSpectrogramNoise(settings, this.#pieces, random) };
  }

  /**
   * Says what is done to the sound that was written into place `i` of the program.
   * @param count 16-bit samples that were written; -1 where it was written as floats
   */
  set(i: number, count: number, choice: MadeChoice): void {
    this.#choices[i] = choice;
    this.#place(i, count, choice.clip);
  }

  #place(i: number, count: number, { gain, length }: SpectrogramChoice): void {
    const stretch = lengthened(this.#options.samples, length);
    this.program.set(i, { count, factor: 1, shift: 0, gain, noiseVolume: 0, stretch });
  }

  /** Makes the features of the first `count` places. */
  run(count: number): void {
    const length = this.#moved.length;
    const choices = this.#choices.slice(0, count);
    this.program.run();
    for (const [i, choice] of choices.entries())
      if (choice) {
        const spectrum = this.#spectra.subarray(i * length, (i + 1) * length);
        this.#stretcher.apply(this.program.result(i), choice.clip, spectrum, choice.noise !== undefined);
      }
    if (choices.some((choice) => choice?.noise !== undefined)) this.#mix(choices);
    this.#finish.run();
  }

  /** Mixes noise into the spectra, after it has gone the same way. */
  #mix(choices: readonly (MadeChoice | undefined)[]): void {
    const { noise: recordings } = this.#options;
    for (const [i, choice] of choices.entries()) {
      if (choice?.noise === undefined) continue;
      joinedPiece(recordings, choice.noise.piece, this.program.floats(i));
      this.#place(i, -1, choice.noise.choice);
    }
    this.program.run();
    const { length } = this.#moved;
    for (const [i, choice] of choices.entries()) {
      if (choice?.noise === undefined) continue;
      const { share, choice: own } = choice.noise;
      this.#stretcher.apply(this.program.result(i), own, this.#moved);
      const from = i * length;
      const [spectra, moved] = [this.#spectra, this.#moved];
      for (let j = 0; j < length; j++)
        spectra[from + j] = (spectra[from + j] as number) * (1 - share) + (moved[j] as number) * share;
    }
  }

  /** Features of place `i`; valid until the next run. */
  result(i: number): Float32Array {
    const length = this.#features.length / this.#options.group;
    return this.#features.subarray(i * length, (i + 1) * length);
  }

  /** Time by kernel if opened with `profile`. */
  kernelTimes(): readonly KernelTime[] {
    return [...this.program.kernelTimes(), ...this.#finish.kernelTimes()];
  }

  /** Frees the programs. */
  close(): void {
    this.program.close();
    this.#finish.close();
  }
}

/** The second half of the front end, typed for a group. */
export function finishGraph({ fromSpectrum }: CutFrontend, group: number): Graph {
  const shape = fromSpectrum.inputs[0].value.type.shape;
  return optimize(retype(fromSpectrum, { inputs: { spectrum: [group, ...shape.slice(1)] } }));
}

/** Bytes of the buffers beside the programs. */
export function stretcherBytes({ fromSpectrum }: CutFrontend): number {
  return 8 * sizeOf(fromSpectrum.inputs[0].value.type.shape);
}
