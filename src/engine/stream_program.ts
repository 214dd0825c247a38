import { invariant } from "../base/errors.js";
import { optimize } from "../passes/optimize.js";
import { firstValue, resultsAt, type StreamingGraph } from "../passes/stream.js";
import { type CompileOptions, compile } from "./compile.js";
import type { CompiledProgram } from "./program.js";

/** One result of a stream. */
export interface StreamResult {
  /** First unit (sample, or frame of features) of the clip that the result is about; results before 0 are not given. */
  readonly begin: number;
  /** Units that had been heard when it was made. */
  readonly heard: number;
  /** A row of the output, [labels]. */
  readonly values: Float32Array;
}

/** A streaming graph compiled, with its states. Takes elements in any number and gives results as they are due. */
export class StreamProgram {
  readonly graph: StreamingGraph;
  readonly #programs: readonly CompiledProgram[];
  /** Which program has the newest value of a state. */
  readonly #holder = new Map<string, CompiledProgram>();
  readonly #chunk: Float32Array;
  /** Elements of one unit. */
  readonly #width: number;
  readonly #output: string;
  #filled = 0;
  #step = 0;

  /** Use `StreamProgram.open`. */
  constructor(graph: StreamingGraph, programs: readonly CompiledProgram[], output: string) {
    this.graph = graph;
    this.#programs = programs;
    this.#output = output;
    this.#chunk = new Float32Array(programs[0].typeOf(graph.input).shape.reduce((product, n) => product * n, 1));
    this.#width = this.#chunk.length / graph.chunk;
    this.reset();
  }

  /**
   * Compiles all phases.
   * @param parameters of the clip's graph, by name
   */
  static async open(
    graph: StreamingGraph,
    parameters: ReadonlyMap<string, ArrayLike<number>>,
    options: CompileOptions = {},
  ): Promise<StreamProgram> {
    const programs: CompiledProgram[] = [];
    for (const phase of graph.phases) {
      const program = await compile(optimize(phase), options);
      programs.push(program);
      for (const { name } of phase.parameters) {
        const values = parameters.get(name);
        invariant(values, `parameter ${name} has no values`);
        program.write(name, values);
      }
    }
    const output = graph.phases.flatMap((phase) => phase.outputs)[0]?.name;
    invariant(output, "a streaming graph without output");
    return new StreamProgram(graph, programs, output);
  }

  /** Goes back to the beginning: what was heard is forgotten. */
  reset(): void {
    for (const state of this.graph.states)
      for (const program of this.#programs) if (program.names.includes(state.name)) program.write(state.name, firstValue(state));
    this.#holder.clear();
    this.#step = 0;
    this.#chunk.fill(0);
    this.#filled = this.graph.lead * this.#width;
  }

  /** Units heard since the beginning. */
  get heard(): number {
    return (this.#step * this.#chunk.length + this.#filled) / this.#width - this.graph.lead;
  }

  /**
   * Hears more elements.
   * @param elements samples, or whole frames of features one after another
   * @returns the results that became due
   */
  feed(elements: Float32Array): StreamResult[] {
    const results: StreamResult[] = [];
    for (let at = 0; at < elements.length; ) {
      const count = Math.min(elements.length - at, this.#chunk.length - this.#filled);
      this.#chunk.set(elements.subarray(at, at + count), this.#filled);
      this.#filled += count;
      at += count;
      if (this.#filled === this.#chunk.length) this.#run(results);
    }
    return results;
  }

  #run(results: StreamResult[]): void {
    const { graph } = this;
    const step = this.#step;
    const program = this.#programs[step % this.#programs.length];
    this.#bringStates(program, step);
    program.write(graph.input, this.#chunk);
    program.run();
    this.#step++;
    this.#filled = 0;
    const from = resultsAt(graph, step - 1);
    const count = resultsAt(graph, step) - from;
    if (from + count <= 0 || count === 0) return;
    const rows = program.view(this.#output);
    const width = rows.length / count;
    for (let i = Math.max(0, -from); i < count; i++) {
      const values = Float32Array.from(rows.subarray(i * width, (i + 1) * width));
      results.push({ begin: (from + i) * graph.resultStride, heard: this.heard, values });
    }
  }

  /** States as the step before left them, or as they are at the beginning where what they hold came from before it. */
  #bringStates(program: CompiledProgram, step: number): void {
    for (const state of this.graph.states) {
      if (state.start === step && step > 0) {
        for (const each of this.#programs) if (each.names.includes(state.name)) each.write(state.name, firstValue(state));
        this.#holder.delete(state.name);
      }
      if (this.#programs.length === 1 || !program.names.includes(state.name)) continue;
      const holder = this.#holder.get(state.name);
      if (holder && holder !== program) program.write(state.name, holder.view(state.name));
      this.#holder.set(state.name, program);
    }
  }

  close(): void {
    for (const program of this.#programs) program.close();
  }
}
