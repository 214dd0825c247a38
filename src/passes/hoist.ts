import { GraphBuilder } from "../graph/builder.js";
import { booleanOf, numberOf, shapeOf } from "../graph/attributes.js";
import { findOp } from "../graph/ops/index.js";
import type { Graph, Node, Value } from "../graph/types.js";
import { needed } from "./clone.js";

/*
 * Takes out of a scan's loop what is the same for every step or can be done for all steps at once:
 * 1. nodes of captured values only (a transposed weight) run once, before the loop;
 * 2. nodes of captured values and steps of sequences (input projections, forward values repeated for the gradient) run
 *    once on whole sequences: their ops take any number of leading axes;
 * 3. sums over time, state' = state + dense_weight_gradient(a, b) or state + sum(b), become one product or sum over time
 *    and batch after the loop, of the stacked a and b.
 */

/** What a value of a cell is before the loop. */
type Lifted = { readonly kind: "captured" | "sequence"; readonly value: Value };

interface Parts {
  readonly states: readonly Value[];
  readonly sequences: readonly Value[];
  readonly captured: readonly Value[];
}

function partsOf(node: Node, values: readonly Value[]): Parts {
  const states = numberOf(node.attributes, "states");
  const sequences = numberOf(node.attributes, "sequences");
  return {
    states: values.slice(0, states),
    sequences: values.slice(states, states + sequences),
    captured: values.slice(states + sequences),
  };
}

/** The op on whole sequences, with attributes that fit the additional leading axis; undefined where it has no such form. */
function onSequences(node: Node, lifted: readonly Lifted[]): Node["attributes"] | undefined {
  const rank = node.outputs[0]!.type.shape.length;
  if (findOp(node.op).expression && node.op !== "expand") {
    const fits = lifted.every((l, i) => l.kind === "captured" || node.inputs[i]!.type.shape.length === rank);
    return fits && lifted.every((l) => l.kind === "sequence" || l.value.type.shape.length <= rank) ? node.attributes : undefined;
  }
  if (node.op === "dense") return lifted[0]!.kind === "sequence" && lifted[1]!.kind === "captured" ? node.attributes : undefined;
  if (node.op === "slice") {
    const list = (name: string, first: number): number[] => [first, ...shapeOf(node.attributes, name)];
    const steps = lifted[0]!.value.type.shape[0]!;
    return { begin: list("begin", 0), end: list("end", steps), strides: list("strides", 1) };
  }
  return undefined;
}

class Hoister {
  readonly #builder: GraphBuilder;
  readonly #node: Node;
  readonly #body: Graph;
  readonly #parts: Parts;
  readonly #lifted = new Map<Value, Lifted>();
  readonly #left: Node[] = [];

  constructor(builder: GraphBuilder, node: Node) {
    this.#builder = builder;
    this.#node = node;
    this.#body = hoist(node.body!);
    const outer = partsOf(node, node.inputs);
    this.#parts = partsOf(
      node,
      this.#body.inputs.map((i) => i.value),
    );
    this.#parts.sequences.forEach((v, i) => this.#lifted.set(v, { kind: "sequence", value: outer.sequences[i]! }));
    this.#parts.captured.forEach((v, i) => this.#lifted.set(v, { kind: "captured", value: outer.captured[i]! }));
  }

  /** Rules 1 and 2. */
  #liftNodes(): void {
    for (const node of this.#body.nodes) {
      const inputs = node.inputs.map((v) => this.#lifted.get(v));
      const all = inputs.every((l) => l !== undefined) && inputs.length > 0;
      const constant = all && inputs.every((l) => l!.kind === "captured");
      const attributes = constant ? node.attributes : all ? onSequences(node, inputs as Lifted[]) : undefined;
      if (!attributes) {
        this.#left.push(node);
        continue;
      }
      const outputs = this.#builder.apply(
        node.op,
        inputs.map((l) => l!.value),
        attributes,
        node.body,
      );
      node.outputs.forEach((v, i) => this.#lifted.set(v, { kind: constant ? "captured" : "sequence", value: outputs[i]! }));
    }
  }

  /** Rule 3: the added term of a state that only sums, if it can be computed after the loop. */
  #sumOverTime(i: number): { node: Node; operands: readonly Value[] } | undefined {
    const state = this.#parts.states[i]!;
    const output = this.#body.outputs[i]!.value;
    const users = this.#left.filter((n) => n.inputs.includes(state));
    const addition = users[0];
    if (users.length !== 1 || addition!.op !== "add" || addition!.outputs[0] !== output) return undefined;
    if (this.#body.outputs.some((o, j) => j !== i && o.value === output)) return undefined;
    const term = addition!.inputs[0] === state ? addition!.inputs[1]! : addition!.inputs[0]!;
    let node = this.#left.find((n) => n.outputs.includes(term));
    if (node?.op === "reshape") node = this.#left.find((n) => n.outputs[0] === node!.inputs[0]) ?? node;
    if (node?.op === "dense_weight_gradient") return { node, operands: node.inputs };
    if (node?.op === "sum" && !booleanOf(node.attributes, "keep")) return { node, operands: node.inputs };
    return undefined;
  }

  run(): readonly Value[] {
    this.#liftNodes();
    const { states } = this.#parts;
    const sums = states.map((_, i) => this.#sumOverTime(i));
    const stay = states.flatMap((_, i) => (sums[i] ? [] : [i]));
    const stepOutputs = this.#body.outputs.slice(states.length).map((o) => o.value);
    const operands = sums.flatMap((s) => s?.operands ?? []);
    const stacked = [...new Set([...stepOutputs, ...operands])].filter((v) => this.#lifted.get(v)?.kind !== "sequence");
    const kept = stay.map((i) => this.#body.outputs[i]!.value);
    const nodes = needed({ nodes: this.#left }, [...kept, ...stacked]);
    const made = new Set(nodes.flatMap((n) => n.outputs));
    const used = [...new Set([...nodes.flatMap((n) => n.inputs), ...kept, ...stacked])].filter(
      (v) => !made.has(v) && this.#lifted.has(v),
    );
    const sequences = used.filter((v) => this.#lifted.get(v)!.kind === "sequence");
    const captured = used.filter((v) => this.#lifted.get(v)!.kind === "captured");
    // A loop needs a sequence to know its length.
    if (sequences.length === 0) sequences.push(this.#parts.sequences[0]!);
    const name = (value: Value, i: number): { name: string; value: Value } => ({ name: `v${i}`, value });
    const body: Graph = {
      name: this.#body.name,
      inputs: [...stay.map((i) => states[i]!), ...sequences, ...captured].map(name),
      parameters: [],
      states: [],
      nodes,
      outputs: [...kept, ...stacked].map(name),
    };
    const first = partsOf(this.#node, this.#node.inputs).states;
    const results = this.#builder.apply(
      "scan",
      [
        ...stay.map((i) => first[i]!),
        ...sequences.map((v) => this.#lifted.get(v)!.value),
        ...captured.map((v) => this.#lifted.get(v)!.value),
      ],
      { states: stay.length, sequences: sequences.length, reverse: booleanOf(this.#node.attributes, "reverse") },
      body,
    );
    const whole = (v: Value): Value => {
      const lifted = this.#lifted.get(v);
      return lifted?.kind === "sequence" ? lifted.value : results[stay.length + stacked.indexOf(v)]!;
    };
    return [
      ...states.map((_, i) => (sums[i] ? this.#finishSum(sums[i]!, first[i]!, whole) : results[stay.indexOf(i)]!)),
      ...stepOutputs.map(whole),
    ];
  }

  #finishSum({ node, operands }: { node: Node; operands: readonly Value[] }, first: Value, whole: (v: Value) => Value): Value {
    const b = this.#builder;
    const sequences = operands.map(whole);
    const rank = operands[0]!.type.shape.length;
    const total =
      node.op === "sum"
        ? b.op("sum", sequences, {
            axes: [0, ...shapeOf(node.attributes, "axes").map((a) => (a < 0 ? a + rank : a) + 1)],
            keep: false,
          })
        : b.op(node.op, sequences);
    const shaped =
      total.type.shape.join() === first.type.shape.join() ? total : b.op("reshape", [total], { shape: first.type.shape });
    return b.op("add", [first, shaped]);
  }
}

/** A number that no value of the graph has. */
function nextId(graph: Graph): number {
  const values = [...graph.inputs, ...graph.parameters].map((n) => n.value);
  const made = [...graph.states.map((s) => s.input), ...graph.nodes.flatMap((n) => n.outputs)];
  return [...values, ...made].reduce((next, v) => Math.max(next, v.id + 1), 0);
}

/** Moves out of every scan what need not be done step by step. */
export function hoist(graph: Graph): Graph {
  if (!graph.nodes.some((n) => n.op === "scan")) return graph;
  const builder = new GraphBuilder(graph.name, nextId(graph));
  const map = new Map<Value, Value>();
  const at = (v: Value): Value => map.get(v) ?? v;
  const nodes: Node[] = [];
  for (const old of graph.nodes) {
    const node = { ...old, inputs: old.inputs.map(at) };
    if (node.op !== "scan") {
      nodes.push(node);
      continue;
    }
    const before = builder.nodes.length;
    const results = new Hoister(builder, node).run();
    nodes.push(...builder.nodes.slice(before));
    node.outputs.forEach((v, i) => map.set(v, results[i]!));
  }
  return {
    ...graph,
    nodes,
    states: graph.states.map((s) => ({ ...s, output: at(s.output) })),
    outputs: graph.outputs.map((o) => ({ ...o, value: at(o.value) })),
  };
}
