import { compile } from "../engine/compile.js";
import type { CompiledProgram } from "../engine/program.js";
import { buildFrontend, featureShape, type FrontendDescription } from "../frontend/frontend.js";
import { optimize } from "../passes/optimize.js";
import { RandomStream } from "../base/random.js";

/** How windows over a sound lie. */
export interface WindowShape {
  /** Samples of a window. */
  samples: number;
  /** Hz. */
  rate: number;
  /** Samples between the begins of two windows. */
  hop: number;
}

/** Largest difference, relative to the largest feature, by which features of a window and of a long stretch may differ by rounding. */
const rounding = 1e-5;

/** Features of neighbouring windows computed once where the windows share frames, and not anew for each. */
export class WindowFeatures {
  /** Windows of one call. */
  readonly group: number;
  /** Samples of one call: those of the first window and a hop for each further one. */
  readonly span: number;
  readonly #program: CompiledProgram;
  /** Values of a window, and from one window to the next. */
  readonly #length: number;
  readonly #step: number;

  /** Use `WindowFeatures.open`. */
  constructor(program: CompiledProgram, group: number, span: number, length: number, step: number) {
    this.#program = program;
    [this.group, this.span, this.#length, this.#step] = [group, span, length, step];
  }

  /**
   * Compiles a front end for a stretch of several windows.
   * @returns undefined where the features of a window depend on more than its frames, or the hop is no whole number of frames
   */
  static async open(
    description: FrontendDescription,
    shape: WindowShape,
    group: number,
    target: "oracle" | "wasm" | "native" | "auto" | undefined,
  ): Promise<WindowFeatures | undefined> {
    const { samples, rate, hop } = shape;
    const span = samples + (group - 1) * hop;
    const one = featureShape(description, { samples, rate });
    const all = featureShape(description, { samples: span, rate });
    const frames = group === 1 ? 0 : (all.frames - one.frames) / (group - 1);
    if (!Number.isInteger(frames) || (group > 1 && frames < 1)) return undefined;
    const open = async (length: number): Promise<CompiledProgram> =>
      compile(optimize(buildFrontend(description, { samples: length, rate })), { target: target ?? "auto", threads: 1 });
    const features = new WindowFeatures(await open(span), group, span, one.frames * one.features, frames * one.features);
    const single = await open(samples);
    const isEqual = features.#agrees(single, shape);
    single.close();
    if (isEqual) return features;
    features.close();
    return undefined;
  }

  /**
   * Features of `count` windows.
   * @param audio shape [span]
   * @returns shape [count, T, F]
   */
  run(audio: Float32Array, count: number): Float32Array {
    this.#program.write("audio", audio);
    this.#program.run();
    const all = this.#program.read("features");
    const out = new Float32Array(count * this.#length);
    for (let i = 0; i < count; i++)
      out.set(all.subarray(i * this.#step, i * this.#step + this.#length) as Float32Array, i * this.#length);
    return out;
  }

  close(): void {
    this.#program.close();
  }

  /** Whether windows of noise have the features that they have alone. */
  #agrees(single: CompiledProgram, { samples, hop }: WindowShape): boolean {
    const random = new RandomStream(0x77696e64);
    const audio = Float32Array.from({ length: this.span }, (_, i) => random.normal() * (0.02 + (0.1 * i) / this.span));
    const together = this.run(audio, this.group);
    const largest = together.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    for (let i = 0; i < this.group; i++) {
      single.write("audio", audio.subarray(i * hop, i * hop + samples));
      single.run();
      const alone = single.read("features");
      for (let k = 0; k < this.#length; k++)
        if (!(Math.abs(alone[k] - together[i * this.#length + k]) <= rounding * largest)) return false;
    }
    return true;
  }
}
