import type { LogPower } from "../corpus/augment/log_power.js";
import { compile } from "../engine/compile.js";
import type { CompiledProgram } from "../engine/program.js";
import { GraphBuilder } from "../graph/builder.js";
import { type Graph, tensor, type Value } from "../graph/types.js";
import { optimize } from "../passes/optimize.js";

/** Arrays that are mixed together. */
export const mixedTogether = 16;

/** Powers of independent sounds add: two arrays of values, each with a gain of its power, to one. */
export function mixGraph(form: LogPower, values: number): Graph {
  const { scale, floor, lowest, highest } = form;
  const g = new GraphBuilder("mix");
  const power = (name: string): Value => {
    const x = g.input(name, tensor("f32", [mixedTogether, values]));
    const gains = g.input(`${name}_gains`, tensor("f32", [mixedTogether, 1]));
    const raised = g.op("exp", [g.op("affine", [x], { scale: 1 / scale, offset: 0 })]);
    return g.op("mul", [g.op("affine", [raised], { scale: 1, offset: -floor }), gains]);
  };
  const sum = g.op("affine", [g.op("add", [power("voice"), power("noise")])], { scale: 1, offset: floor });
  const y = g.op("affine", [g.op("log", [sum])], { scale, offset: 0 });
  const limit = 3.4028234663852886e38;
  g.output("mixed", g.op("clamp", [y], { low: Math.max(-limit, lowest), high: Math.min(limit, highest) }));
  return optimize(g.finish());
}

/** Mixes groups of arrays on one thread. A result does not depend on its neighbours in the group. */
export class ArrayMixer {
  readonly #program: CompiledProgram;
  readonly #values: number;

  /** Use `ArrayMixer.open`. */
  constructor(program: CompiledProgram, values: number) {
    this.#program = program;
    this.#values = values;
  }

  /** @param values of an array */
  static async open(form: LogPower, values: number, target: "oracle" | "wasm" | "native" | "auto"): Promise<ArrayMixer> {
    return new ArrayMixer(await compile(mixGraph(form, values), { target, threads: 1 }), values);
  }

  #place(name: string, i: number): Float32Array {
    return this.#program.read(name).subarray(i * this.#values, (i + 1) * this.#values);
  }

  /** Where the voice of place `i` is written, shape [values]; its gain in decibels. */
  voice(i: number, decibels: number): Float32Array {
    this.#program.read("voice_gains")[i] = 10 ** (decibels / 10);
    return this.#place("voice", i);
  }

  /** Says that place `i` has no noise. */
  quiet(i: number): void {
    this.#program.read("noise_gains")[i] = 0;
  }

  /** Sets the noise of place `i`: an array read from `start` on and round. */
  noise(i: number, values: Uint8Array | Float32Array, start: number, decibels: number): void {
    const out = this.#place("noise", i);
    const first = start % values.length;
    out.set(values.subarray(first));
    out.set(values.subarray(0, first), values.length - first);
    this.#program.read("noise_gains")[i] = 10 ** (decibels / 10);
  }

  /** Mixes the group. */
  run(): void {
    this.#program.run();
  }

  /** Result of place `i`; valid until the next run. */
  result(i: number): Float32Array {
    return this.#place("mixed", i);
  }

  /** Frees the program. */
  close(): void {
    this.#program.close();
  }
}
