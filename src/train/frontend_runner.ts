import { compile } from "../engine/compile.js";
import type { CompiledProgram as Program } from "../engine/program.js";
import { retype } from "../graph/retype.js";
import { optimize } from "../passes/optimize.js";
import { ArrayStack } from "./array_stack.js";
import type { LoaderFrontend } from "./loader_plan.js";

/** Sounds that run through the front end together: enough to share the loops' overhead, few enough to stay in the cache. */
const groupSize = 8;

/** Computes features of groups of sounds and arrays on one thread. A result does not depend on its neighbours in the group. */
export class FrontendRunner {
  readonly #frontend: LoaderFrontend;
  readonly #samples: number;
  readonly #sounds: Program;
  readonly #stack: ArrayStack;
  readonly #audio: Float32Array;

  /** Use `FrontendRunner.open`. */
  constructor(frontend: LoaderFrontend, samples: number, sounds: Program, stack: ArrayStack) {
    this.#frontend = frontend;
    this.#samples = samples;
    this.#sounds = sounds;
    this.#stack = stack;
    this.#audio = sounds.read("audio");
  }

  /** Compiles the graphs for the size of the groups. */
  static async open(
    frontend: LoaderFrontend,
    samples: number,
    target: "oracle" | "wasm" | "native" | "auto",
  ): Promise<FrontendRunner> {
    const graph = optimize(retype(frontend.fromAudio, { inputs: { audio: [groupSize, samples] } }));
    const sounds = await compile(graph, { target, threads: 1 });
    return new FrontendRunner(frontend, samples, sounds, await ArrayStack.open(frontend, target));
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
    this.#stack.run(arrays, count, out);
  }

  /** Frees the programs. */
  close(): void {
    this.#sounds.close();
    this.#stack.close();
  }
}
