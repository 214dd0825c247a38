import { typedNode } from "../graph/infer.js";
import type { Attributes, Graph, NamedValue, Node, Parameter, State, TensorType, Value } from "../graph/types.js";

/** Writes a changed copy of a graph: values of the original are looked up in the copy, new nodes may stand between. */
export class GraphRebuilder {
  readonly #original: Graph;
  readonly #values = new Map<Value, Value>();
  readonly #inputs: NamedValue[];
  readonly #stateInputs: Value[];
  readonly #parameters: Parameter[] = [];
  readonly #nodes: Node[] = [];
  #next = 0;

  constructor(original: Graph) {
    this.#original = original;
    this.#inputs = original.inputs.map(({ name, value }) => ({ name, value: this.#define(value, value.type) }));
    for (const p of original.parameters) this.#parameters.push({ ...p, value: this.#define(p.value, p.value.type) });
    this.#stateInputs = original.states.map(({ input }) => this.#define(input, input.type));
  }

  #fresh(type: TensorType): Value {
    return { id: this.#next++, type };
  }

  #define(value: Value, type: TensorType): Value {
    const copy = this.#fresh(type);
    this.#values.set(value, copy);
    return copy;
  }

  /** What stands for a value of the original. */
  get(value: Value): Value {
    const copy = this.#values.get(value);
    if (!copy) throw new Error(`value %${value.id} of graph ${this.#original.name} is not rebuilt`);
    return copy;
  }

  /** Lets `copy` stand for a value of the original. */
  set(value: Value, copy: Value): void {
    this.#values.set(value, copy);
  }

  parameter(parameter: Omit<Parameter, "value">, type: TensorType): Value {
    const value = this.#fresh(type);
    this.#parameters.push({ ...parameter, value });
    return value;
  }

  /** Adds a node on values of the copy. */
  apply(op: string, inputs: readonly Value[], attributes: Attributes = {}, body?: Graph): readonly Value[] {
    const node = typedNode(op, inputs, attributes, body, (t) => this.#fresh(t));
    this.#nodes.push(node);
    return node.outputs;
  }

  op(op: string, inputs: readonly Value[], attributes: Attributes = {}): Value {
    return this.apply(op, inputs, attributes)[0];
  }

  /** Copies a node of the original. */
  copy(node: Node): void {
    this.#nodes.push({
      ...node,
      inputs: node.inputs.map((v) => this.get(v)),
      outputs: node.outputs.map((v) => this.#define(v, v.type)),
    });
  }

  /** The copy, without the parameters that nothing uses any more. */
  finish(): Graph {
    const states: State[] = this.#original.states.map(({ name, output }, i) => ({
      name,
      input: this.#stateInputs[i],
      output: this.get(output),
    }));
    const outputs = this.#original.outputs.map(({ name, value }) => ({ name, value: this.get(value) }));
    const used = new Set(this.#nodes.flatMap((n) => n.inputs));
    for (const { value } of outputs) used.add(value);
    for (const { output } of states) used.add(output);
    const parameters = this.#parameters.filter((p) => used.has(p.value));
    return { name: this.#original.name, inputs: this.#inputs, parameters, states, nodes: this.#nodes, outputs };
  }
}
