import { UserError } from "../../base/errors.js";
import { numberOf } from "../../graph/attributes.js";
import { type Graph, type Node, type ParameterData, sizeOf, type Value } from "../../graph/types.js";
import type { TfliteEmitter } from "./emitter.js";
import { firstValues } from "./first_values.js";
import type { Epilogue, TfliteLowering, TfliteRule } from "./lowering.js";
import { audioRules } from "./rules_audio.js";
import { elementwiseRules } from "./rules_elementwise.js";
import { linearRules } from "./rules_linear.js";
import { quantizedRules } from "./rules_quantized.js";
import { shapeRules } from "./rules_shape.js";

const rules: Readonly<Record<string, TfliteRule>> = {
  ...elementwiseRules,
  ...linearRules,
  ...shapeRules,
  ...audioRules,
  ...quantizedRules,
};

/** Tensors of a graph's outputs and of its states' new values, by name. */
export interface LoweredGraph {
  readonly outputs: Map<string, number>;
  readonly states: Map<string, number>;
}

/**
 * Writes a graph without scans as operators.
 * @param inputs tensors of the graph's inputs by name
 * @param states tensors of its states by name; a state that is missing has its first value
 * @throws UserError that names an op which TFLite does not have
 */
export function lowerGraph(
  graph: Graph,
  parameters: ReadonlyMap<string, ParameterData>,
  inputs: ReadonlyMap<string, number>,
  states: ReadonlyMap<string, number>,
  emitter: TfliteEmitter,
): LoweredGraph {
  const lowering = new GraphLowering(graph, emitter);
  for (const { name, value } of graph.inputs) {
    const tensor = inputs.get(name);
    if (tensor === undefined) throw new UserError(`graph ${graph.name}: nothing is given for input ${name}`);
    lowering.set(value, tensor);
  }
  for (const { name, value } of graph.parameters) {
    const data = parameters.get(name);
    if (!data) throw new UserError(`graph ${graph.name}: parameter ${name} has no values`);
    lowering.setConstant(value, data);
  }
  for (const { name, input } of graph.states) {
    const tensor = states.get(name);
    if (tensor === undefined) lowering.setConstant(input, firstValues(input.type));
    else lowering.set(input, tensor);
  }
  lowering.run();
  return {
    outputs: new Map(graph.outputs.map(({ name, value }) => [name, lowering.tensor(value)])),
    states: new Map(graph.states.map(({ name, output }) => [name, lowering.tensor(output)])),
  };
}

class GraphLowering implements TfliteLowering {
  readonly emitter: TfliteEmitter;
  readonly #graph: Graph;
  readonly #tensors = new Map<Value, number>();
  readonly #truths = new Map<Value, number>();
  /** Makes the ones and zeros of a condition that nothing has needed yet. */
  readonly #numbers = new Map<Value, () => number>();
  readonly #constants = new Map<Value, ArrayLike<number>>();
  readonly #names = new Map<Value, string>();
  readonly #users = new Map<Value, Node[]>();
  readonly #kept = new Set<Value>();
  readonly #done = new Set<Node>();

  constructor(graph: Graph, emitter: TfliteEmitter) {
    this.emitter = emitter;
    this.#graph = graph;
    for (const p of graph.parameters) this.#names.set(p.value, p.name);
    for (const node of graph.nodes)
      for (const input of node.inputs) this.#users.set(input, [...(this.#users.get(input) ?? []), node]);
    for (const { value } of graph.outputs) this.#kept.add(value);
    for (const { output } of graph.states) this.#kept.add(output);
    graph.nodes.forEach((node, i) => {
      for (const output of node.outputs) this.#names.set(output, `${graph.name}/${node.op}_${i}`);
    });
  }

  run(): void {
    for (const node of this.#graph.nodes) {
      if (this.#done.has(node)) continue;
      const rule = Object.hasOwn(rules, node.op) ? rules[node.op] : undefined;
      if (!rule)
        throw new UserError(
          `graph ${this.#graph.name}: op ${node.op} cannot be written to a .tflite file; where it belongs to the front end, export with --features none`,
        );
      rule(node, this);
    }
  }

  tensor(value: Value): number {
    const known = this.#tensors.get(value);
    if (known !== undefined) return known;
    const number = this.#numbers.get(value);
    if (number) {
      this.#tensors.set(value, number());
      return this.tensor(value);
    }
    const elements = this.#constants.get(value);
    if (!elements) throw new Error(`value %${value.id} has no tensor`);
    const { quantization, dtype } = value.type;
    if (dtype === "i32" && quantization === undefined) {
      const tensor = this.emitter.integers(this.name(value), value.type.shape, Array.from(elements));
      this.#tensors.set(value, tensor);
      return tensor;
    }
    const integers = ArrayBuffer.isView(elements) && !(elements instanceof Float32Array) && quantization !== undefined;
    const tensor = integers
      ? this.emitter.quantized(this.name(value), value.type.shape, elements as ParameterData, quantization)
      : this.emitter.floats(this.name(value), value.type.shape, elements);
    this.#tensors.set(value, tensor);
    return tensor;
  }

  truth(condition: Value): number {
    const known = this.#truths.get(condition);
    if (known !== undefined) return known;
    const isWhole = condition.type.dtype === "i32";
    const zero = isWhole ? this.emitter.integers("number", [], [0]) : this.emitter.floats("number", [], [0]);
    const result = { name: `${this.name(condition)}_truth`, shape: condition.type.shape, type: "bool" } as const;
    const tensor = this.emitter.apply("NOT_EQUAL", [this.tensor(condition), zero], result, ["NotEqual", {}]);
    this.#truths.set(condition, tensor);
    return tensor;
  }

  setTruth(condition: Value, tensor: number, number: () => number): void {
    this.#truths.set(condition, tensor);
    this.#numbers.set(condition, number);
  }

  constant(value: Value): ArrayLike<number> | undefined {
    return this.#constants.get(value);
  }

  set(value: Value, tensor: number): void {
    this.#tensors.set(value, tensor);
  }

  setConstant(value: Value, elements: ArrayLike<number>): void {
    this.#constants.set(value, elements);
  }

  name(value: Value): string {
    return this.#names.get(value) ?? "value";
  }

  epilogue(node: Node, withBias: boolean): Epilogue {
    let result = node.outputs[0];
    let bias: ArrayLike<number> | undefined;
    let next = this.#onlyUser(result);
    if (withBias && next?.op === "add") {
      bias = this.#biasOf(next, result);
      if (bias) {
        this.#done.add(next);
        result = next.outputs[0];
        next = this.#onlyUser(result);
      }
    }
    const activation = next && activationOf(next);
    if (!next || !activation) return { bias, activation: "none", result };
    this.#done.add(next);
    return { bias, activation, result: next.outputs[0] };
  }

  #onlyUser(value: Value): Node | undefined {
    const users = this.#users.get(value) ?? [];
    return users.length === 1 && !this.#kept.has(value) ? users[0] : undefined;
  }

  /** The constant that an addition adds to each channel of x. */
  #biasOf(addition: Node, x: Value): ArrayLike<number> | undefined {
    const other = addition.inputs[0] === x ? addition.inputs[1] : addition.inputs[0];
    const channels = x.type.shape.at(-1);
    const isVector = other !== x && sizeOf(other.type.shape) === channels && other.type.shape.at(-1) === channels;
    return isVector && other.type.shape.length <= x.type.shape.length ? this.#constants.get(other) : undefined;
  }
}

function activationOf(node: Node): "relu" | "relu6" | undefined {
  if (node.op === "relu") return "relu";
  const isRelu6 = node.op === "clamp" && numberOf(node.attributes, "low") === 0 && numberOf(node.attributes, "high") === 6;
  return isRelu6 ? "relu6" : undefined;
}
