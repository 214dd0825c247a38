import { booleanOf, numberOf, shapeOf } from "../graph/attributes.js";
import { GraphBuilder } from "../graph/builder.js";
import { findOp } from "../graph/ops/index.js";
import type { Graph, Node, Value } from "../graph/types.js";
import { needed } from "./clone.js";
import { simplify } from "./simplify.js";

/*
 * Takes out of a scan's loop what is the same for every step or can be done for all steps at once:
 * 1. nodes of captured values only (a transposed weight) run once, before the loop;
 * 2. products of captured values and steps of sequences (input projections, forward values repeated for the gradient), and
 *    what they are made of, run once on whole sequences: their ops take any number of leading axes. Element-wise nodes that no
 *    such product needs stay in the loop, where passes/fuse.ts joins them with others;
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

/** Whether the op does for whole sequences what it does for each step. */
function takesSequences(node: Node, operands: readonly Lifted["kind"][]): boolean {
  const rank = node.outputs[0]!.type.shape.length;
  if (findOp(node.op).expression && node.op !== "expand")
    return node.inputs.every(({ type }, i) => operands[i] === "captured" || type.shape.length === rank);
  if (node.op === "dense") return operands[0] === "sequence" && operands[1] === "captured";
  return node.op === "slice";
}

/** The attributes that fit the additional leading axis of so many steps. */
function onSequences({ op, attributes }: Node, steps: number): Node["attributes"] {
  if (op !== "slice") return attributes;
  const list = (name: string, first: number): number[] => [first, ...shapeOf(attributes, name)];
  return { begin: list("begin", 0), end: list("end", steps), strides: list("strides", 1) };
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
    // What a cell computes twice would be stacked twice.
    this.#body = simplify(hoist(node.body!));
    const outer = partsOf(node, node.inputs);
    this.#parts = partsOf(
      node,
      this.#body.inputs.map((i) => i.value),
    );
    this.#parts.sequences.forEach((v, i) => this.#lifted.set(v, { kind: "sequence", value: outer.sequences[i]! }));
    this.#parts.captured.forEach((v, i) => this.#lifted.set(v, { kind: "captured", value: outer.captured[i]! }));
  }

  /** Nodes of captured values only, nodes of captured values and sequences that products are made of, and those products. */
  #liftable(): Map<Node, Lifted["kind"]> {
    const kinds = new Map<Value, Lifted["kind"]>([...this.#lifted].map(([v, { kind }]) => [v, kind]));
    const found = new Map<Node, Lifted["kind"]>();
    for (const node of this.#body.nodes) {
      const operands = node.inputs.map((v) => kinds.get(v));
      if (operands.length === 0 || operands.includes(undefined)) continue;
      const kind = operands.includes("sequence") ? "sequence" : "captured";
      if (kind === "sequence" && !takesSequences(node, operands as Lifted["kind"][])) continue;
      found.set(node, kind);
      for (const v of node.outputs) kinds.set(v, kind);
    }
    const wanted = new Set<Value>();
    for (const [node, kind] of [...found].toReversed()) {
      const isProduct = node.op !== "slice" && !findOp(node.op).expression;
      if (kind === "sequence" && !isProduct && !node.outputs.some((v) => wanted.has(v))) found.delete(node);
      else for (const v of node.inputs) wanted.add(v);
    }
    return found;
  }

  /** Rules 1 and 2. */
  #liftNodes(): void {
    const liftable = this.#liftable();
    for (const node of this.#body.nodes) {
      const kind = liftable.get(node);
      if (!kind) {
        this.#left.push(node);
        continue;
      }
      const inputs = node.inputs.map((v) => this.#lifted.get(v)!.value);
      const attributes = kind === "captured" ? node.attributes : onSequences(node, inputs[0]!.type.shape[0]!);
      const outputs = this.#builder.apply(node.op, inputs, attributes, node.body);
      node.outputs.forEach((v, i) => this.#lifted.set(v, { kind, value: outputs[i]! }));
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
