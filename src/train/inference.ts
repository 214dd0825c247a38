import { UserError } from "../base/errors.js";
import type { CompiledProgram as Program } from "../engine/program.js";
import { compile } from "../engine/compile.js";
import { optimize } from "../passes/optimize.js";
import { scaleOf, storedValue } from "../graph/quantized.js";
import { retype } from "../graph/retype.js";
import type { Graph, ParameterData } from "../graph/types.js";
import { sizeOf } from "../graph/types.js";

/** Clips that a network is given at once where nothing else is asked for: enough for its products, little memory. */
const usualGroup = 32;

/** A network compiled for groups of clips: features in, logits out. */
export class Inference {
  /** Frames and coefficients. */
  readonly featureShape: readonly [number, number];
  /** Logits of one clip. */
  readonly labels: number;
  readonly #graph: Graph;
  readonly #program: Program;
  readonly #input: Float32Array;
  readonly #group: number;

  /** Use `Inference.open`. */
  constructor(graph: Graph, program: Program, group: number) {
    const shape = featureShapeOf(graph);
    this.featureShape = shape;
    this.labels = logitsOf(graph);
    this.#graph = graph;
    this.#program = program;
    this.#group = group;
    this.#input = new Float32Array(group * shape[0] * shape[1]);
  }

  /**
   * Compiles a graph with input "features" and output "logits".
   * @throws UserError where it has other inputs or outputs
   */
  static async open(
    graph: Graph,
    options: {
      target?: "oracle" | "wasm" | "native" | "auto" | undefined;
      threads?: number | undefined;
      /** Clips computed together; fewer cost as much. Default 32. */
      group?: number | undefined;
    } = {},
  ): Promise<Inference> {
    const { group = usualGroup } = options;
    const [frames, bins] = featureShapeOf(graph);
    const typed = retype(graph, { inputs: { features: [group, frames, bins] } });
    const program = await compile(optimize(typed), { target: options.target ?? "auto", threads: options.threads ?? 1 });
    return new Inference(graph, program, group);
  }

  /** Gives the network its parameters and buffers. */
  setParameters(valueOf: (name: string) => ParameterData): void {
    for (const { name } of this.#graph.parameters) this.#program.write(name, valueOf(name));
  }

  /**
   * Scores clips. States of a stateful network start as zeros for every group.
   * @param features shape [count, T, F]
   * @param out logits, shape [count, labels]
   */
  run(features: Float32Array, count: number, out: Float32Array): void {
    const groupSize = this.#group;
    const width = this.#input.length / groupSize;
    for (let first = 0; first < count; first += groupSize) {
      const members = Math.min(groupSize, count - first);
      this.#input.set(features.subarray(first * width, (first + members) * width));
      for (const { name, input } of this.#graph.states)
        this.#program.write(
          name,
          new Float32Array(groupSize * elementsOf(input.type.shape)).fill(input.type.quantization?.zeroPoint[0] ?? 0),
        );
      this.#program.write("features", this.#stored());
      this.#program.run();
      out.set(this.#logits().subarray(0, members * this.labels), first * this.labels);
    }
  }

  /** The features as the network takes them. */
  #stored(): ArrayLike<number> {
    const type = this.#program.typeOf("features");
    if (!type.quantization) return this.#input;
    const scale = scaleOf(type);
    return this.#input.map((x) => storedValue(x, scale, type.dtype));
  }

  /** The logits as real numbers. */
  #logits(): Float32Array {
    const type = this.#program.typeOf("logits");
    if (!type.quantization) return this.#program.read("logits");
    const { scale, zeroPoint } = scaleOf(type);
    return Float32Array.from(this.#program.view("logits"), (q) => (q - zeroPoint) * scale);
  }

  /** Frees the program. */
  close(): void {
    this.#program.close();
  }
}

/** Elements for one clip of a state [batch, ...]. */
const elementsOf = (shape: readonly number[]): number => sizeOf(shape.slice(1));

function featureShapeOf(graph: Graph): [number, number] {
  const shape = graph.inputs.find((input) => input.name === "features")?.value.type.shape;
  if (shape?.length !== 3) throw new UserError(`the network ${graph.name} has no input features [batch, frames, coefficients]`);
  return [shape[1], shape[2]];
}

function logitsOf(graph: Graph): number {
  const shape = graph.outputs.find((output) => output.name === "logits")?.value.type.shape;
  if (shape?.length !== 2) throw new UserError(`the network ${graph.name} has no output logits [batch, labels]`);
  return shape[1];
}
