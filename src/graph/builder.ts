import { UserError } from "../base/errors.js";
import { typedNode } from "./infer.js";
import type {
  Attributes,
  DType,
  Graph,
  Initializer,
  NamedValue,
  Node,
  Parameter,
  Quantization,
  State,
  TensorType,
  Value,
} from "./types.js";

/** Builds a graph node by node; types are inferred and checked on the way. */
export class GraphBuilder {
  readonly #name: string;
  readonly #inputs: NamedValue[] = [];
  readonly #parameters: Parameter[] = [];
  readonly #states: { name: string; input: Value; output?: Value }[] = [];
  readonly #nodes: Node[] = [];
  readonly #outputs: NamedValue[] = [];
  #next: number;

  /** @param firstId where the numbers of values begin, if the nodes will stand beside those of another graph */
  constructor(name: string, firstId = 0) {
    this.#name = name;
    this.#next = firstId;
  }

  #value(type: TensorType): Value {
    return { id: this.#next++, type };
  }

  input(name: string, type: TensorType): Value {
    const value = this.#value(type);
    this.#inputs.push({ name, value });
    return value;
  }

  /** A trainable weight, named by path. */
  parameter(
    name: string,
    shape: readonly number[],
    initializer: Initializer,
    dtype: DType = "f32",
    trainable = true,
    quantization?: Quantization,
  ): Value {
    if (this.#parameters.some((p) => p.name === name)) throw new UserError(`two parameters are named ${name}`);
    const value = this.#value({ dtype, shape, ...(quantization ? { quantization } : {}) });
    this.#parameters.push({ name, value, initializer, trainable });
    return value;
  }

  /** A parameter of another graph, with its whole type. */
  adopt(parameter: Parameter): Value {
    const value = this.#value(parameter.value.type);
    this.#parameters.push({ ...parameter, value });
    return value;
  }

  /** A parameter whose type has a quantization; its values are given, so its initialiser is zeros. */
  quantizedParameter(name: string, type: TensorType): Value {
    if (this.#parameters.some((p) => p.name === name)) throw new UserError(`two parameters are named ${name}`);
    const value = this.#value(type);
    this.#parameters.push({ name, value, initializer: { kind: "zeros" }, trainable: true });
    return value;
  }

  /** A value carried between runs; `setState` gives what it becomes. */
  state(name: string, type: TensorType): Value {
    const input = this.#value(type);
    this.#states.push({ name, input });
    return input;
  }

  setState(input: Value, output: Value): void {
    const state = this.#states.find((s) => s.input === input);
    if (!state) throw new Error("setState: not a state of this graph");
    state.output = output;
  }

  output(name: string, value: Value): void {
    this.#outputs.push({ name, value });
  }

  /** Applies an op and gives all its results. */
  apply(op: string, inputs: readonly Value[], attributes: Attributes = {}, body?: Graph): readonly Value[] {
    const node = typedNode(op, inputs, attributes, body, (t) => this.#value(t));
    this.#nodes.push(node);
    return node.outputs;
  }

  /** Applies an op with one result. */
  op(op: string, inputs: readonly Value[], attributes: Attributes = {}): Value {
    return this.apply(op, inputs, attributes)[0] as Value;
  }

  /** The nodes so far. */
  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  finish(): Graph {
    for (const s of this.#states) if (!s.output) throw new Error(`state ${s.name} is never set`);
    return {
      name: this.#name,
      inputs: this.#inputs,
      parameters: this.#parameters,
      states: this.#states as State[],
      nodes: this.#nodes,
      outputs: this.#outputs,
    };
  }
}
