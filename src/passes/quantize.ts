import { UserError } from "../base/errors.js";
import { numberOf } from "../graph/attributes.js";
import { GraphBuilder } from "../graph/builder.js";
import { quantizedType, scaleOf } from "../graph/quantized.js";
import type { Graph, Node, ParameterData, Value } from "../graph/types.js";
import { verifyGraph } from "../graph/verify.js";
import { foldBatchNorm, type ValuedGraph } from "./fold.js";
import { levelChannels } from "./level_channels.js";
import { normAsProduct } from "./norm_as_product.js";
import { isProduct, type ProductChain, productChains } from "./quantize_chain.js";
import { refuseUnknownParts } from "./quantize_names.js";
import { rules, writeProduct } from "./quantize_rules.js";
import { type ActivationType, activationScale, type Range, union, unitScale } from "./quantize_scale.js";
import { ParameterStore, QuantizeScope, type Wanted } from "./quantize_scope.js";
import { simplify } from "./simplify.js";

/** How a graph becomes integers. */
export interface QuantizeOptions {
  /** Element type of inputs and outputs: float, with a quantize in front and a dequantize behind, or int8. Default float. */
  readonly io?: "float" | "int8" | undefined;
  /** Bits inside recurrent cells and of their states. Default int16. */
  readonly recurrent?: "int8" | "int16" | undefined;
  /** Layers, by the path of their parameters, whose results are of 16 bits. */
  readonly wide?: readonly string[] | undefined;
  /** Ops, or layers by the path of their parameters, that stay float. */
  readonly float?: readonly string[] | undefined;
}

/** A layer of the quantized graph. */
export interface QuantizedLayer {
  /** Path of its parameters; the op's name where there are none yet. */
  readonly name: string;
  readonly op: string;
  /** What it gives, in the float graph and in the quantized one. */
  readonly float: Value;
  readonly integer: Value;
}

/** A graph of integers with its parameters, and what became of its layers. */
export interface QuantizedGraph extends ValuedGraph {
  readonly layers: readonly QuantizedLayer[];
}

/** What quantization starts from: batch norms folded or written as products (`levelChannels`), nothing computed twice. Ranges are observed on this graph. */
export function prepareForQuantization(model: ValuedGraph): ValuedGraph {
  const { graph, parameters } = levelChannels(normAsProduct(foldBatchNorm(model)));
  return { graph: simplify(graph), parameters };
}

/**
 * The graph in 8-bit integers as TFLite's converter would quantize it: weights symmetric with a scale for each channel, biases in 32 bits at
 * the scale of input times weights, activations with the scale and zero point of their ranges, activation functions of products fused.
 * @param model what `prepareForQuantization` gives
 * @param ranges of its values, those inside scans too (passes/observe.ts)
 * @throws UserError where an op has no integer form and is not listed as float, UsageError for a name that is no layer
 */
export function quantizeGraph(
  model: ValuedGraph,
  ranges: ReadonlyMap<Value, Range>,
  options: QuantizeOptions = {},
): QuantizedGraph {
  refuseUnknownParts(model.graph, options);
  const writer = new Quantizer(model, ranges, options);
  const quantized = writer.write();
  verifyGraph(quantized.graph);
  return quantized;
}

const isWritten = (op: string): boolean => op === "scan" || isProduct(op) || Object.hasOwn(rules, op);

function opsOf(graph: Graph): string[] {
  return graph.nodes.flatMap((node) => [node.op, ...(node.body ? opsOf(node.body) : [])]);
}

class Quantizer {
  readonly #graph: Graph;
  readonly #parameters: ReadonlyMap<string, ParameterData>;
  readonly #ranges: ReadonlyMap<Value, Range>;
  readonly #io: "float" | "int8";
  readonly #recurrent: ActivationType;
  readonly #float: ReadonlySet<string>;
  readonly #wide: ReadonlySet<string>;
  readonly #builder: GraphBuilder;
  readonly #store: ParameterStore;
  readonly #layers: QuantizedLayer[] = [];
  /** Path of the layer that nodes belong to. */
  #layer = "";

  constructor({ graph, parameters }: ValuedGraph, ranges: ReadonlyMap<Value, Range>, options: QuantizeOptions) {
    this.#graph = graph;
    this.#parameters = parameters;
    this.#ranges = ranges;
    this.#io = options.io ?? "float";
    this.#recurrent = options.recurrent === "int8" ? "i8" : "i16";
    this.#float = new Set(options.float);
    this.#wide = new Set(options.wide);
    this.#builder = new GraphBuilder(graph.name);
    this.#store = new ParameterStore(this.#builder);
  }

  write(): QuantizedGraph {
    const graph = this.#graph;
    const builder = this.#builder;
    const scope = new QuantizeScope(builder, "i8", this.#ranges, this.#wanted(graph), (name, type, data) =>
      this.#store.add(name, type, data),
    );
    for (const { name, value } of graph.inputs) this.#input(scope, name, value);
    for (const { name, value } of graph.parameters) {
      const data = this.#parameters.get(name);
      if (!(data instanceof Float32Array)) throw new UserError(`parameter ${name} is quantized already or has no values`);
      scope.setParameter(value, { name, data, shape: value.type.shape });
    }
    const states = graph.states.map((state) => this.#state(scope, state.name, state.input));
    this.#nodes(scope, graph, true);
    graph.states.forEach(({ output }, i) => {
      const input = states[i]!;
      builder.setState(input, scope.atScale(output, input.type.dtype as ActivationType, scaleOf(input.type)));
    });
    for (const { name, value } of graph.outputs)
      builder.output(name, this.#io === "int8" ? scope.asInteger(value, "i8") : scope.asFloat(value));
    return { graph: builder.finish(), parameters: this.#store.values, layers: this.#layers };
  }

  #input(scope: QuantizeScope, name: string, value: Value): void {
    if (this.#io === "float") return scope.setFloat(value, this.#builder.input(name, value.type));
    const scale = activationScale(scope.rangeOf(value), "i8");
    scope.setInteger(value, this.#builder.input(name, quantizedType("i8", value.type.shape, scale)));
  }

  #state(scope: QuantizeScope, name: string, value: Value): Value {
    const { dtype, scale } = scope.wantedOf(value);
    const input = this.#builder.state(name, quantizedType(dtype, value.type.shape, scale));
    scope.setInteger(value, input);
    return input;
  }

  /** What is said beforehand of how values are stored: states, and what goes into and comes out of scans. */
  #wanted(graph: Graph): Map<Value, Wanted> {
    const wanted = new Map<Value, Wanted>();
    for (const { input, output } of graph.states) {
      const scale = activationScale(union(this.#range(input), this.#range(output)), "i8");
      for (const value of [input, output]) wanted.set(value, { dtype: "i8", scale });
    }
    for (const node of graph.nodes) {
      if (node.op !== "scan" || this.#float.has("scan")) continue;
      const states = numberOf(node.attributes, "states");
      const sequences = numberOf(node.attributes, "sequences");
      const scales = this.#stateScales(node, states);
      node.inputs.forEach((value, i) => {
        if (i < states) wanted.set(value, { dtype: this.#recurrent, scale: scales[i]! });
        else if (i < states + sequences) wanted.set(value, { dtype: this.#recurrent });
      });
      for (const [i, value] of node.outputs.entries())
        if (i < states) wanted.set(value, { dtype: this.#recurrent, scale: scales[i]! });
    }
    for (const { input, output } of graph.states) {
      const known = wanted.get(input);
      if (known) wanted.set(output, known);
    }
    return wanted;
  }

  #range(value: Value): Range {
    return this.#ranges.get(value) ?? { low: 0, high: 0 };
  }

  /** One scale for each state of a cell: of its first value, of what goes in and what comes out. */
  #stateScales(node: Node, states: number) {
    const body = node.body as Graph;
    return Array.from({ length: states }, (_, i) => {
      const values = [node.inputs[i]!, node.outputs[i]!, body.inputs[i]!.value, body.outputs[i]!.value];
      const range = values.map((v) => this.#range(v)).reduce(union);
      return range.low >= -1 && range.high <= 1 ? unitScale(this.#recurrent) : activationScale(range, this.#recurrent);
    });
  }

  #nodes(scope: QuantizeScope, graph: Graph, outermost: boolean): void {
    const chains = productChains(graph, (value) => scope.parameterOf(value) !== undefined);
    const done = new Set<Node>();
    for (const node of graph.nodes) {
      if (done.has(node)) continue;
      const named = node.inputs.map((v) => scope.parameterOf(v)?.name).find((name) => name !== undefined);
      if (outermost && named !== undefined) this.#layer = named.replace(/\.[^.]*$/, "");
      if (this.#float.has(node.op) || (this.#layer !== "" && this.#float.has(this.#layer))) {
        this.#copyFloat(scope, node);
        continue;
      }
      const chain = chains.get(node);
      if (outermost && this.#wide.has(this.#layer) && node.op !== "scan")
        scope.wantIfFree(chain?.result ?? (node.outputs[0] as Value), { dtype: "i16" });
      if (node.op === "scan") this.#scan(scope, node);
      else if (chain) {
        writeProduct(scope, chain);
        for (const taken of chain.rest) done.add(taken);
      } else this.#apply(scope, node);
      if (outermost) this.#note(scope, node, chain);
    }
  }

  #apply(scope: QuantizeScope, node: Node): void {
    const rule = Object.hasOwn(rules, node.op) ? rules[node.op] : undefined;
    if (!rule) this.#refuse();
    rule(scope, node);
  }

  #refuse(): never {
    const missing = [...new Set(opsOf(this.#graph))].filter((op) => !isWritten(op) && !this.#float.has(op));
    const [subject, object] = missing.length === 1 ? ["op", "it"] : ["ops", "them"];
    const verb = missing.length === 1 ? "has" : "have";
    throw new UserError(
      `${subject} ${missing.join(", ")} ${verb} no integer form: let ${object} stay float with --float-ops ${missing.join(",")}`,
    );
  }

  /** A layer for the report: everything that computes. */
  #note(scope: QuantizeScope, node: Node, chain: ProductChain | undefined): void {
    const float = chain?.result ?? node.outputs[0]!;
    if (["reshape", "transpose", "slice", "pad", "zeros", "dropout"].includes(node.op)) return;
    const stored = scope.stored(float);
    if (stored) this.#layers.push({ name: this.#layer || node.op, op: node.op, float, integer: stored });
  }

  #copyFloat(scope: QuantizeScope, node: Node): void {
    const outputs = this.#builder.apply(
      node.op,
      node.inputs.map((v) => scope.asFloat(v)),
      node.attributes,
      node.body,
    );
    node.outputs.forEach((value, i) => scope.setFloat(value, outputs[i]!));
  }

  #scan(scope: QuantizeScope, node: Node): void {
    const states = numberOf(node.attributes, "states");
    const sequences = numberOf(node.attributes, "sequences");
    const body = node.body as Graph;
    const dtype = this.#recurrent;
    const scales = this.#stateScales(node, states);
    const builder = new GraphBuilder(body.name);
    const outside = node.inputs
      .slice(0, states + sequences)
      .map((v, i) => (i < states ? scope.atScale(v, dtype, scales[i]!) : scope.asInteger(v, dtype)));
    const captured: Value[] = [];
    const capture = (name: string, value: Value): Value => {
      captured.push(value);
      return builder.input(name, value.type);
    };
    const wanted = new Map<Value, Wanted>();
    for (let i = 0; i < states; i++) wanted.set(body.outputs[i]!.value, { dtype, scale: scales[i]! });
    const inside = new QuantizeScope(builder, dtype, this.#ranges, wanted, (name, type, data) =>
      capture(`${name}_${captured.length}`, this.#store.add(name, type, data)),
    );
    body.inputs.forEach(({ name, value }, i) => {
      const outer = node.inputs[i]!;
      const given = outside[i];
      if (given) {
        const shape = i < states ? given.type.shape : given.type.shape.slice(1);
        inside.setInteger(value, builder.input(name, { ...given.type, shape }));
      } else {
        const parameter = scope.parameterOf(outer);
        if (parameter) inside.setParameter(value, parameter);
        else inside.setInteger(value, capture(name, scope.asInteger(outer, dtype)));
      }
    });
    this.#nodes(inside, body, false);
    body.outputs.forEach(({ name, value }, i) => {
      const result = i < states ? inside.atScale(value, dtype, scales[i]!) : inside.asInteger(value, dtype);
      builder.output(name, result);
    });
    const outputs = this.#builder.apply("scan", [...outside, ...captured], node.attributes, builder.finish());
    node.outputs.forEach((value, i) => scope.setInteger(value, outputs[i]!));
  }
}
