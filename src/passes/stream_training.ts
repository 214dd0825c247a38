import { invariant, UserError } from "../base/errors.js";
import { GraphBuilder } from "../graph/builder.js";
import { retype } from "../graph/retype.js";
import type { TimeUse } from "../graph/time.js";
import type { Graph, Node, Value } from "../graph/types.js";
import { type NodePlan, type StreamTimings, type Timing, timingsOf } from "./stream_timing.js";

/** Share of the clips that are heard without a past, as after a reset. */
const resetShare = 0.3;
/** Where zeros are padded behind a clip: share of the clips that are heard alone, with those zeros on both sides, as the clip's graph does. */
const aloneShare = 0.2;

/** Elements `from` to `to - 1` of a value, counted as in the clip; those before 0 are the past. */
interface Part {
  readonly value: Value;
  readonly from: number;
  readonly to: number;
}

/** Neighbouring parts. Where a state goes on, the past is a part of its own, as nothing is learned from it. */
type Stretch = readonly Part[];

/**
 * A clip's graph for training what it will be in a stream (context form): before and behind each clip of the batch stands, instead of
 * zeros, the end and the beginning of its neighbours in the batch, and a recurrent state goes on from the clip before. Some clips,
 * drawn anew in each step, have no past, so that a stream can begin; where the clip's graph pads behind the clip, some have neither past
 * nor future, so that the weights go on to be the clip's model too. Weights and answers are those of the clip's graph.
 * @param graph with one input [1, T, ...], one output and no states
 * @throws UserError where the graph cannot stream, has states or needs more past than a clip has
 */
export function streamTrainingForm(graph: Graph, batch: number): Graph {
  const [{ name, value }] = graph.inputs;
  if (graph.states.length > 0)
    throw new UserError(`graph ${graph.name} has states of its own; train it for streams without them`);
  const typed = retype(graph, { inputs: { [name]: [batch, ...value.type.shape.slice(1)] } });
  return new TrainingForm(typed, timingsOf(typed, "context")).write();
}

class TrainingForm {
  readonly #graph: Graph;
  readonly #timed: StreamTimings;
  readonly #builder: GraphBuilder;
  /** Values without time, and those made from whole clips. */
  readonly #values = new Map<Value, Value>();
  readonly #stretches = new Map<Value, Stretch>();
  /** Whether a scan takes over a state. */
  readonly #carries: boolean;
  /** Whether the past is computed apart; not where the batch's moments are those of past and clip together. */
  readonly #splits: boolean;
  /** Whether a clip's answer hears what comes behind the clip. */
  readonly #hears: boolean;
  #pastMask: Value | undefined;
  #futureMask: Value | undefined;

  constructor(graph: Graph, timed: StreamTimings) {
    this.#graph = graph;
    this.#timed = timed;
    this.#carries = [...timed.plans.values()].some((plan) => plan.kind === "carried");
    this.#splits = this.#carries && graph.nodes.every((node) => node.op !== "batch_norm");
    const [output] = graph.outputs;
    this.#hears = (timed.timings.get(output.value) as Timing).latest >= graph.inputs[0].value.type.shape[1];
    this.#builder = new GraphBuilder(graph.name);
  }

  write(): Graph {
    const [{ name, value }] = this.#graph.inputs;
    const features = this.#builder.input(name, value.type);
    for (const parameter of this.#graph.parameters) this.#values.set(parameter.value, this.#builder.adopt(parameter));
    this.#stretches.set(value, this.#surrounded(features));
    for (const node of this.#graph.nodes) this.#node(node, this.#timed.plans.get(node) ?? { kind: "static" });
    for (const output of this.#graph.outputs) {
      const made = this.#values.get(output.value);
      invariant(made, "a clip's answer is made from the whole clip");
      this.#builder.output(output.name, made);
    }
    return this.#builder.finish();
  }

  /** The clips with what they need of their neighbours. */
  #surrounded(features: Value): Stretch {
    const length = features.type.shape[1];
    const [output] = this.#graph.outputs;
    const { earliest, latest } = this.#timed.timings.get(output.value) as Timing;
    const past = this.#carries ? length : -earliest;
    const future = Math.max(0, latest + 1 - length);
    if (past > length || future > length)
      throw new UserError(
        `graph ${this.#graph.name} needs ${Math.max(past, future)} frames around a clip of ${length}; it cannot be trained for streams`,
      );
    const parts = [features];
    if (past > 0) parts.unshift(this.#part(this.#rolled(features, -1), 1, length - past, length));
    if (future > 0) parts.push(this.#part(this.#rolled(features, 1), 1, 0, future));
    const value = parts.length === 1 ? features : this.#builder.op("concat", parts, { axis: 1 });
    return [{ value, from: -past, to: length + future }];
  }

  /** Row i is row i + by. */
  #rolled(x: Value, by: 1 | -1): Value {
    const rows = x.type.shape[0];
    if (rows === 1) return x;
    const cut = by === 1 ? 1 : rows - 1;
    return this.#builder.op("concat", [this.#part(x, 0, cut, rows), this.#part(x, 0, 0, cut)], { axis: 0 });
  }

  #part(value: Value, axis: number, from: number, to: number): Value {
    const { shape } = value.type;
    if (from === 0 && to === shape[axis]) return value;
    const begin = shape.map((_, i) => (i === axis ? from : 0));
    const end = shape.map((n, i) => (i === axis ? to : n));
    return this.#builder.op("slice", [value], { begin, end, strides: shape.map(() => 1) });
  }

  #take(v: Value, from: number, to: number): Value {
    const stretch = this.#stretches.get(v);
    invariant(stretch && from >= beginOf(stretch) && to <= endOf(stretch), "not enough of the neighbours");
    const axis = this.#axis(v);
    const taken = stretch
      .filter((part) => part.from < to && part.to > from)
      .map((part) => this.#part(part.value, axis, Math.max(from, part.from) - part.from, Math.min(to, part.to) - part.from));
    return taken.length === 1 ? (taken[0] as Value) : this.#builder.op("concat", taken, { axis });
  }

  #axis(v: Value): number {
    return (this.#timed.timings.get(v) as Timing).axis as number;
  }

  #node(node: Node, plan: NodePlan): void {
    if (plan.kind === "each") this.#each(node, plan);
    else if (plan.kind === "carried") this.#carried(node);
    else if (node.op === "zeros") this.#zeros(node);
    else {
      const inputs = node.inputs.map((v) => {
        const timing = this.#timed.timings.get(v);
        if (timing?.axis !== undefined) return this.#take(v, 0, v.type.shape[timing.axis]);
        return this.#values.get(v) as Value;
      });
      const results = this.#builder.apply(node.op, inputs, node.attributes, node.body);
      node.outputs.forEach((v, i) => this.#values.set(v, results[i]));
    }
  }

  /** Zeros that do not change in time, such as a recurrent cell's first state: of what they read they take the type alone. */
  #zeros({ op, attributes, outputs: [value] }: Node): void {
    const [features] = this.#stretches.values().next().value as Stretch;
    const attributesOfClips = { ...attributes, shape: value.type.shape };
    this.#values.set(value, this.#builder.op(op, [(features as Part).value], attributesOfClips));
  }

  #each(node: Node, { use }: Extract<NodePlan, { kind: "each" }>): void {
    const { stride, before, reach } = use;
    const timed = node.inputs.flatMap((v) => [this.#stretches.get(v) ?? []].filter((stretch) => stretch.length > 0));
    const from = Math.max(...timed.map((s) => Math.ceil((beginOf(s) + before) / stride)));
    const to = Math.min(...timed.map((s) => Math.floor((endOf(s) - reach + before) / stride) + 1));
    const stretches: Part[][] = node.outputs.map(() => []);
    const spans = this.#splits && from < 0 && to > 0 ? [[from, 0] as const, [0, to] as const] : [[from, to] as const];
    for (const [begin, end] of spans)
      this.#span(node, use, begin, end).forEach((value, i) => stretches[i].push({ value, from: begin, to: end }));
    node.outputs.forEach((v, i) => this.#stretches.set(v, stretches[i]));
  }

  /** Results `from` to `to - 1` of a node. */
  #span(node: Node, use: TimeUse, from: number, to: number): readonly Value[] {
    const { stride, before, reach } = use;
    const inputs = node.inputs.map((v) => {
      if (!this.#stretches.has(v)) return this.#values.get(v) as Value;
      const first = from * stride - before;
      const last = (to - 1) * stride - before + reach;
      let part = this.#take(v, first, last);
      if (use.padded) {
        const axis = this.#axis(v);
        part = this.#zerosAround(part, axis, -first, v.type.shape[axis] - first);
      }
      return use.pads ? this.#builder.op("pad", [part], { before: use.pads.before, after: use.pads.after }) : part;
    });
    return this.#builder.apply(node.op, inputs, use.attributes(to - from), node.body);
  }

  /**
   * A stretch of which the elements before `begin` are zero in the clips that have no past, as a stream's rings are at its beginning,
   * and those from `end` on in the clips that are heard alone.
   */
  #zerosAround(x: Value, axis: number, begin: number, end: number): Value {
    const { length: rank, [axis]: length } = x.type.shape;
    const [from, to] = [begin < length ? Math.max(0, begin) : 0, end > 0 ? Math.min(end, length) : length];
    const masked = (part: Value, mask: Value): Value => this.#builder.op("mul", [part, rowsOf(this.#builder, mask, rank)]);
    const parts = [this.#part(x, axis, from, to)];
    if (from > 0) parts.unshift(masked(this.#part(x, axis, 0, from), this.#hasPast()));
    if (to < length) parts.push(masked(this.#part(x, axis, to, length), this.#hasFuture()));
    return parts.length === 1 ? x : this.#builder.op("concat", parts, { axis });
  }

  /** 1 for clips with a past, 0 for others: [batch, 1]. */
  #hasPast(): Value {
    if (this.#pastMask === undefined) {
      const follows = this.#draw(resetShare);
      this.#pastMask = this.#hears ? this.#builder.op("mul", [this.#hasFuture(), follows]) : follows;
    }
    return this.#pastMask;
  }

  /** 0 for clips that are heard alone, 1 for others: [batch, 1]. */
  #hasFuture(): Value {
    this.#futureMask ??= this.#draw(aloneShare);
    return this.#futureMask;
  }

  /** 0 for a share of the clips, 1 for others: [batch, 1]. */
  #draw(share: number): Value {
    const batch = this.#graph.inputs[0].value.type.shape[0];
    const [[input]] = [...this.#stretches.values()] as [Stretch];
    const zeros = this.#builder.op("zeros", [(input as Part).value], { shape: [batch, 1] });
    const ones = this.#builder.op("affine", [zeros], { scale: 1, offset: 1 });
    return this.#builder.op("dropout", [ones], { rate: share, rescale: false });
  }

  /** Over the past, and from the state that it leaves over the clip. */
  #carried(node: Node): void {
    const states = Number(node.attributes.states);
    const sequences = Number(node.attributes.sequences);
    const isSequence = (i: number): boolean => i >= states && i < states + sequences;
    const timed = node.inputs.filter((_, i) => isSequence(i));
    const from = Math.max(...timed.map((v) => beginOf(this.#stretches.get(v) as Stretch)));
    const steps = timed[0].type.shape[0];
    const zeros = node.inputs.slice(0, states).map((v) => {
      const { shape } = v.type;
      return this.#builder.op("zeros", [(this.#stretches.get(timed[0]) as Stretch)[0]!.value], { shape });
    });
    const over = (first: readonly Value[], begin: number, end: number): readonly Value[] =>
      this.#builder.apply(
        "scan",
        node.inputs.map((v, i) => {
          if (i < states) return first[i];
          return isSequence(i) ? this.#take(v, begin, end) : (this.#values.get(v) as Value);
        }),
        node.attributes,
        node.body,
      );
    const past = from < 0 ? over(zeros, from, 0) : undefined;
    // Truncated backpropagation: nothing is learned from how the past came to its state, which halves the cost.
    const first = zeros.map((zero, i) => {
      if (!past) return zero;
      const reached = this.#builder.op("stop_gradient", [past[i]]);
      return this.#builder.op("mul", [reached, rowsOf(this.#builder, this.#hasPast(), zero.type.shape.length)]);
    });
    const results = over(first, 0, steps);
    node.outputs.forEach((v, i) => {
      if (i < states) this.#values.set(v, results[i]);
      else {
        const present = { value: results[i], from: 0, to: steps };
        this.#stretches.set(v, past ? [{ value: past[i], from, to: 0 }, present] : [present]);
      }
    });
  }
}

/** A mask of rows [batch, 1] for values of a rank: [batch, 1, ...]. */
function rowsOf(builder: GraphBuilder, mask: Value, rank: number): Value {
  if (rank === 2) return mask;
  const shape = mask.type.shape.concat(Array.from({ length: rank - 2 }, () => 1));
  return builder.op("reshape", [mask], { shape });
}

const beginOf = (stretch: Stretch): number => (stretch[0] as Part).from;
const endOf = (stretch: Stretch): number => (stretch.at(-1) as Part).to;
