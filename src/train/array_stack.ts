import { invariant } from "../base/errors.js";
import { compile } from "../engine/compile.js";
import type { CompiledProgram } from "../engine/program.js";
import { retype } from "../graph/retype.js";
import type { Graph } from "../graph/types.js";
import { optimize } from "../passes/optimize.js";
import type { LoaderFrontend } from "./loader_plan.js";

/** Arrays that run through the stack together. */
const stackSize = 32;

/** The stack of a front end for a group of arrays; undefined where there is none. */
export function stackGraph({ stack, arrayShape }: LoaderFrontend): Graph | undefined {
  return stack && optimize(retype(stack, { inputs: { archived: [stackSize, ...arrayShape] } }));
}

/** The part of a front end behind an archive. Without one, features are the arrays themselves. */
export class ArrayStack {
  readonly #program: CompiledProgram | undefined;

  /** Use `ArrayStack.open`. */
  constructor(program: CompiledProgram | undefined) {
    this.#program = program;
  }

  /** Compiles the stack. */
  static async open(frontend: LoaderFrontend, target: "oracle" | "wasm" | "native" | "auto"): Promise<ArrayStack> {
    const graph = stackGraph(frontend);
    return new ArrayStack(graph && (await compile(graph, { target, threads: 1 })));
  }

  /**
   * Features of arrays.
   * @param arrays shape [count, T0, F0]
   * @param out shape [count, T, F]
   */
  run(arrays: Float32Array, count: number, out: Float32Array): void {
    const program = this.#program;
    if (program === undefined) {
      out.set(arrays.subarray(0, out.length));
      return;
    }
    const from = arrays.length / count;
    const to = out.length / count;
    invariant(Number.isInteger(from) && Number.isInteger(to), "arrays of a batch differ in length");
    const input = program.read("archived");
    for (let first = 0; first < count; first += stackSize) {
      const members = Math.min(stackSize, count - first);
      input.set(arrays.subarray(first * from, (first + members) * from));
      program.run();
      out.set(program.read("features").subarray(0, members * to), first * to);
    }
  }

  /** Frees the program. */
  close(): void {
    this.#program?.close();
  }
}
