import { invariant } from "../base/errors.js";
import type { CompiledProgram as Program } from "../engine/program.js";
import { compile } from "../engine/compile.js";
import { optimize } from "../passes/optimize.js";
import { retype } from "../graph/retype.js";
import type { LoaderFrontend } from "./loader_plan.js";

/** Sounds that run through the front end together: enough to share the loops' overhead, few enough to stay in the cache. */
const groupSize = 8;
/** Arrays that run through the stack together. */
const stackSize = 32;

/** Computes features of groups of sounds and arrays on one thread. A result does not depend on its neighbours in the group. */
export class FrontendRunner {
  readonly #frontend: LoaderFrontend;
  readonly #samples: number;
  readonly #sounds: Program;
  readonly #stack: Program | undefined;
  readonly #audio: Float32Array;

  /** Use `FrontendRunner.open`. */
  constructor(frontend: LoaderFrontend, samples: number, sounds: Program, stack: Program | undefined) {
    this.#frontend = frontend;
    this.#samples = samples;
    this.#sounds = sounds;
    this.#stack = stack;
    this.#audio = new Float32Array(groupSize * samples);
  }

  /** Compiles the graphs for the size of the groups. */
  static async open(
    frontend: LoaderFrontend,
    samples: number,
    target: "oracle" | "wasm" | "native" | "auto",
  ): Promise<FrontendRunner> {
    const options = { target, threads: 1 };
    const sounds = await compile(optimize(retype(frontend.fromAudio, { inputs: { audio: [groupSize, samples] } })), options);
    if (frontend.stack === undefined) return new FrontendRunner(frontend, samples, sounds, undefined);
    const stack = retype(frontend.stack, { inputs: { archived: [stackSize, ...frontend.arrayShape] } });
    return new FrontendRunner(frontend, samples, sounds, await compile(optimize(stack), options));
  }

  /** Sounds in a group. */
  get group(): number {
    return groupSize;
  }

  /** Where the samples of place `i` in the group are written, shape [samples]. */
  audio(i: number): Float32Array {
    return this.#audio.subarray(i * this.#samples, (i + 1) * this.#samples);
  }

  /** Runs the group. Places that were not written hold older sounds; their results mean nothing. */
  run(): void {
    this.#sounds.write("audio", this.#audio);
    this.#sounds.run();
  }

  /** Result of place `i`, shape arrayShape; valid until the next run. */
  result(i: number): Float32Array {
    const [frames, bins] = this.#frontend.arrayShape;
    const length = frames * bins;
    return this.#sounds.read("features").subarray(i * length, (i + 1) * length);
  }

  /**
   * Features of arrays; without a stack they are the arrays themselves.
   * @param arrays shape [count, T0, F0]
   * @param out shape [count, T, F]
   */
  stack(arrays: Float32Array, count: number, out: Float32Array): void {
    const program = this.#stack;
    if (program === undefined) {
      out.set(arrays.subarray(0, out.length));
      return;
    }
    const from = arrays.length / count;
    const to = out.length / count;
    invariant(Number.isInteger(from) && Number.isInteger(to), "arrays of a batch differ in length");
    const input = new Float32Array(stackSize * from);
    for (let first = 0; first < count; first += stackSize) {
      const members = Math.min(stackSize, count - first);
      input.set(arrays.subarray(first * from, (first + members) * from));
      program.write("archived", input);
      program.run();
      out.set(program.read("features").subarray(0, members * to), first * to);
    }
  }

  /** Frees the programs. */
  close(): void {
    this.#sounds.close();
    this.#stack?.close();
  }
}
