import { invariant } from "../base/errors.js";
import { GraphBuilder } from "../graph/builder.js";
import { type Graph, type Node, type TensorType, type Value } from "../graph/types.js";
import { needed } from "./clone.js";
import { carriedTiming, firstStep, type Schedule } from "./stream_schedule.js";
import type { NodePlan, StreamTimings, Timing } from "./stream_timing.js";

/** The elements of a value from `first` on that a step can reach: its ring, then what the step made. */
interface Reach {
  readonly value: Value;
  readonly first: number;
  readonly count: number;
}

/** Writes the graph of one phase: what is done in step k of those with k mod phases = phase. */
export class PhaseWriter {
  readonly #graph: Graph;
  readonly #timed: StreamTimings;
  readonly #schedule: Schedule;
  readonly #step: number;
  readonly #builder: GraphBuilder;
  /** What stands for values that do not depend on time, and the new elements of those that do (absent where there are none). */
  readonly #values = new Map<Value, Value>();
  /** Results made from whole clips, one after another. */
  readonly #wholes = new Map<Value, readonly Value[]>();
  readonly #reaches = new Map<Value, Reach>();
  readonly #windows = new Map<string, Value>();

  constructor(graph: Graph, timed: StreamTimings, schedule: Schedule, phase: number) {
    this.#graph = graph;
    this.#timed = timed;
    this.#schedule = schedule;
    this.#step = phase;
    this.#builder = new GraphBuilder(schedule.phases === 1 ? `${graph.name}_stream` : `${graph.name}_stream_${phase}`);
  }

  write(): Graph {
    const [input] = this.#graph.inputs;
    const [batch, , ...rest] = input.value.type.shape;
    const type = { ...input.value.type, shape: [batch, this.#schedule.chunk, ...rest] };
    this.#define(input.value, this.#builder.input(input.name, type));
    for (const parameter of this.#graph.parameters) this.#values.set(parameter.value, this.#builder.adopt(parameter));
    for (const [place, node] of this.#graph.nodes.entries())
      this.#node(node, place, this.#timed.plans.get(node) ?? { kind: "static" });
    for (const { name, value } of this.#graph.outputs) this.#output(name, value);
    return this.#pruned(this.#builder.finish());
  }

  /** Names of the states that a carried scan has, and when they start. */
  static carriedStates(
    graph: Graph,
    timed: StreamTimings,
    schedule: Schedule,
    node: Node,
    place: number,
  ): { name: string; start: number }[] {
    if (timed.plans.get(node)?.kind !== "carried") return [];
    const start = firstStep(carriedTiming(node, timed.timings), schedule);
    const weight = graph.parameters.find((p) => node.inputs.includes(p.value))?.name.replace(/\.[^.]*$/, "");
    return node.inputs.slice(0, Number(node.attributes.states)).map((initial, i) => {
      const own = graph.states.find((s) => s.input === initial);
      return { name: own?.name ?? `${weight ?? `scan.${place}`}.state.${i}`, start };
    });
  }

  #timing(value: Value): Timing {
    const timing = this.#timed.timings.get(value);
    invariant(timing, "a value without time was asked for its time");
    return timing;
  }

  /** Elements of a value before this step and after it. */
  #span(timing: Timing): { from: number; count: number } {
    const from = this.#schedule.available(timing, this.#step - 1);
    return { from, count: this.#schedule.available(timing, this.#step) - from };
  }

  /** New elements of a value with a time axis; its ring takes them. */
  #define(value: Value, made: Value | undefined): void {
    if (made) this.#values.set(value, made);
    const ring = this.#schedule.rings.get(value);
    const timing = this.#timing(value);
    const { from, count } = this.#span(timing);
    const axis = timing.axis as number;
    if (!ring) {
      if (made) this.#reaches.set(value, { value: made, first: from, count });
      return;
    }
    const shape = value.type.shape.map((n, i) => (i === axis ? ring.length : n));
    const kept = this.#builder.state(ring.name, made ? { ...made.type, shape } : { ...value.type, shape });
    const all = made ? this.#builder.op("concat", [kept, made], { axis }) : kept;
    this.#reaches.set(value, { value: all, first: from - ring.length, count: ring.length + count });
    this.#builder.setState(kept, made ? this.#part(all, axis, count, ring.length) : kept);
  }

  #part(value: Value, axis: number, begin: number, count: number): Value {
    const { shape } = value.type;
    if (begin === 0 && count === shape[axis]) return value;
    const at = (n: number): number[] => shape.map((_, i) => (i === axis ? n : 0));
    const end = shape.map((n, i) => (i === axis ? begin + count : n));
    return this.#builder.op("slice", [value], { begin: at(begin), end, strides: shape.map(() => 1) });
  }

  /** Elements `first` to `first + count - 1` of a value. */
  #take(value: Value, first: number, count: number): Value {
    const key = `${value.id} ${first} ${count}`;
    const known = this.#windows.get(key);
    if (known) return known;
    const reach = this.#reaches.get(value);
    invariant(reach && first >= reach.first && first + count <= reach.first + reach.count, "a ring is too short");
    const part = this.#part(reach.value, this.#timing(value).axis as number, first - reach.first, count);
    this.#windows.set(key, part);
    return part;
  }

  #node(node: Node, place: number, plan: NodePlan): void {
    if (plan.kind === "static") this.#static(node);
    else if (plan.kind === "each") this.#each(node, plan);
    else if (plan.kind === "whole") this.#whole(node);
    else this.#carried(node, place);
  }

  #static(node: Node): void {
    const isZeros = node.op === "zeros";
    const inputs = node.inputs.map((v) => (isZeros ? this.#anyOf(v.type) : this.#values.get(v)));
    // Zeros of a type that nothing has yet are the first states of carried scans, which need none.
    if (inputs.some((v) => v === undefined)) return;
    const attributes = isZeros ? { ...node.attributes, shape: node.outputs[0].type.shape } : node.attributes;
    const results = this.#builder.apply(node.op, inputs as Value[], attributes, node.body);
    node.outputs.forEach((v, i) => this.#values.set(v, results[i]));
  }

  /** A value of an element type that there is at any time: zeros take only the type from it. */
  #anyOf({ dtype }: TensorType): Value | undefined {
    for (const list of [this.#values.values(), ...[...this.#wholes.values()].map((w) => w.values())])
      for (const value of list) if (value.type.dtype === dtype) return value;
    return undefined;
  }

  #each(node: Node, { use }: Extract<NodePlan, { kind: "each" }>): void {
    const { from, count } = this.#span(this.#timing(node.outputs[0]));
    if (count === 0) {
      for (const v of node.outputs) this.#define(v, undefined);
      return;
    }
    const inputs = node.inputs.map((v) => {
      if (!this.#timed.timings.has(v)) return this.#values.get(v) as Value;
      const part = this.#take(v, from * use.stride - use.before, (count - 1) * use.stride + use.reach);
      return use.pads ? this.#builder.op("pad", [part], { before: use.pads.before, after: use.pads.after }) : part;
    });
    const results = this.#builder.apply(node.op, inputs, use.attributes(count), node.body);
    node.outputs.forEach((v, i) => this.#define(v, results[i]));
  }

  #whole(node: Node): void {
    const timing = this.#timing(node.outputs[0]);
    const { from, count } = this.#span(timing);
    const lists: Value[][] = node.outputs.map(() => []);
    for (let i = 0; i < count; i++) {
      const inputs = node.inputs.map((v) => {
        const own = this.#timed.timings.get(v);
        if (own === undefined) return this.#values.get(v) as Value;
        if (own.axis === undefined) return (this.#wholes.get(v) as readonly Value[])[i];
        return this.#take(v, (from + i) * (timing.stride / own.stride), v.type.shape[own.axis]);
      });
      const results = this.#builder.apply(node.op, inputs, node.attributes, node.body);
      results.forEach((v, at) => lists[at].push(v));
    }
    node.outputs.forEach((v, at) => this.#wholes.set(v, lists[at]));
  }

  #carried(node: Node, place: number): void {
    const states = Number(node.attributes.states);
    const { from, count } = this.#span(carriedTiming(node, this.#timed.timings));
    if (count === 0) {
      node.outputs.slice(0, states).forEach((v) => this.#wholes.set(v, []));
      node.outputs.slice(states).forEach((v) => this.#define(v, undefined));
      return;
    }
    const names = PhaseWriter.carriedStates(this.#graph, this.#timed, this.#schedule, node, place);
    const kept = names.map(({ name }, i) => this.#builder.state(name, node.inputs[i].type));
    const inputs = node.inputs.map((v, i) => {
      if (i < states) return kept[i];
      return this.#timed.timings.has(v) ? this.#take(v, from, count) : (this.#values.get(v) as Value);
    });
    const body = count === 1 ? (node.body as Graph) : withStatesAsOutputs(node.body as Graph, states);
    const results = this.#builder.apply("scan", inputs, node.attributes, body);
    kept.forEach((state, i) => this.#builder.setState(state, results[i]));
    node.outputs.forEach((v, i) => {
      if (i >= states) this.#define(v, results[i]);
      else if (count === 1) this.#wholes.set(v, [results[i]]);
      else this.#wholes.set(v, this.#rows(results[node.outputs.length + i], count));
    });
  }

  /** [n, ...] as n values [...]. */
  #rows(stacked: Value, count: number): Value[] {
    const shape = stacked.type.shape.slice(1);
    return Array.from({ length: count }, (_, i) => this.#builder.op("reshape", [this.#part(stacked, 0, i, 1)], { shape }));
  }

  #output(name: string, value: Value): void {
    const timing = this.#timing(value);
    if (timing.axis !== undefined) {
      const made = this.#values.get(value);
      if (made) this.#builder.output(name, made);
      return;
    }
    const rows = this.#wholes.get(value) ?? [];
    if (rows.length === 0) return;
    this.#builder.output(name, rows.length === 1 ? rows[0] : this.#builder.op("concat", rows, { axis: 0 }));
  }

  /** Without nodes whose results nothing needs, parameters and states that nothing touches. */
  #pruned(graph: Graph): Graph {
    const states = graph.states.filter((s) => s.input !== s.output || graph.nodes.some((n) => n.inputs.includes(s.input)));
    const wanted = [...graph.outputs.map((o) => o.value), ...states.map((s) => s.output)];
    const nodes = needed(graph, wanted);
    const used = new Set([...nodes.flatMap((n) => n.inputs), ...wanted]);
    const touched = states.filter((s) => s.input !== s.output || used.has(s.input));
    return { ...graph, nodes, states: touched, parameters: graph.parameters.filter((p) => used.has(p.value)) };
  }
}

/** A cell that gives its states as outputs of each step, too, behind the others. */
function withStatesAsOutputs(body: Graph, states: number): Graph {
  const more = body.outputs.slice(0, states).map(({ name, value }) => ({ name: `${name}.each_step`, value }));
  return { ...body, outputs: [...body.outputs, ...more] };
}
