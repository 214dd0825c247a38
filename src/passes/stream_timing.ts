import { UserError } from "../base/errors.js";
import { findOp, ops } from "../graph/ops/index.js";
import { elementwiseTime, type TimeRule, type TimeUse } from "../graph/time.js";
import type { Graph, Node, Value } from "../graph/types.js";

/** "context": what was padding inside the clip becomes the real past. "window": the clip model on the last clip's length. */
export type StreamForm = "context" | "window";

/**
 * When the elements of a value come into being, counted in elements of the graph's input ("units": samples, or frames of
 * features). Element t needs the units t * stride + earliest to t * stride + latest.
 */
export interface Timing {
  readonly stride: number;
  readonly earliest: number;
  readonly latest: number;
  /** Time axis; undefined where each element is a tensor as the clip's graph has it, made from a whole clip's length. */
  readonly axis: number | undefined;
}

/** What becomes of a node. */
export type NodePlan =
  /** Does not depend on time; zeros do not read their input. */
  | { readonly kind: "static" }
  /** Makes new elements of its results from elements of its inputs. */
  | { readonly kind: "each"; readonly use: TimeUse }
  /** Is the clip's node, on the last elements that make a clip. */
  | { readonly kind: "whole" }
  /** Goes on from the state that it has. */
  | { readonly kind: "carried" };

export interface StreamTimings {
  readonly timings: ReadonlyMap<Value, Timing>;
  readonly plans: ReadonlyMap<Node, NodePlan>;
  /** Values that are zeros of real numbers, such as a recurrent cell's first state. */
  readonly zeros: ReadonlySet<Value>;
}

const clipAlone = "run the clip model on the last second";
const known = new Set(ops.map((op) => op.name));
/** Integer forms of ops that are called otherwise, and conversions: element by element. */
const elementwise = new Set(["quantize", "dequantize", "requantize", "quantized_logistic", "quantized_tanh", "fake_quantize"]);
/** Ops that make zeros from zeros. */
const zeroKeeping = new Set(["quantize", "dequantize", "requantize", "reshape", "transpose", "expand", "dropout"]);

/** What an op does to time; an integer op has the rule of its float form, whose geometry attributes it shares. */
export function timeRuleOf(name: string): TimeRule | undefined {
  const op = findOp(name);
  if (op.time) return op.time;
  if (op.expression || elementwise.has(name)) return elementwiseTime;
  const float = name.replace(/^quantized_/, "");
  return float !== name && known.has(float) ? timeRuleOf(float) : undefined;
}

/** Ops that may work on a window of a clip's length: what they do to a clip's time is done to any. */
const wholeClip = new Set(["conv2d", "depthwise_conv2d", "quantized_conv2d", "quantized_depthwise_conv2d", "pad", "scan"]);

/**
 * When every value of a clip's graph comes into being in a stream.
 * @param hop units from one frame of the front end to the next: what is made from a whole clip is made once a hop, not for every sample
 * @throws UserError that names the node that cannot stream
 */
export function timingsOf(graph: Graph, form: StreamForm, hop = 1): StreamTimings {
  const analysis = new Analysis(graph, form, hop);
  for (const node of graph.nodes) analysis.node(node);
  return analysis;
}

class Analysis implements StreamTimings {
  readonly timings = new Map<Value, Timing>();
  readonly plans = new Map<Node, NodePlan>();
  readonly zeros = new Set<Value>();
  readonly #graph: Graph;
  readonly #form: StreamForm;
  readonly #hop: number;

  constructor(graph: Graph, form: StreamForm, hop: number) {
    this.#graph = graph;
    this.#form = form;
    this.#hop = hop;
    const [input, ...others] = graph.inputs;
    if (input === undefined || others.length > 0 || input.value.type.shape.length < 2)
      throw new UserError(`graph ${graph.name} has not one input [batch, time, ...]; only such a graph streams`);
    this.timings.set(input.value, { stride: 1, earliest: 0, latest: 0, axis: 1 });
  }

  node(node: Node): void {
    const given = node.inputs.map((v) => this.timings.get(v));
    const goesOn = this.#graph.states.some(({ input }) => node.inputs.includes(input));
    if (this.#form === "window" && goesOn)
      this.#refuse(node, "its state goes on from clip to clip, and windows overlap; take the context form");
    if (node.op === "zeros" || (zeroKeeping.has(node.op) && node.inputs.every((v) => this.zeros.has(v)))) {
      this.plans.set(node, { kind: "static" });
      for (const v of node.outputs) this.zeros.add(v);
    } else if (given.every((t) => t === undefined)) {
      this.plans.set(node, { kind: "static" });
    } else if (given.some((t) => t !== undefined && t.axis === undefined)) {
      if (goesOn)
        this.#refuse(node, "its state goes on from clip to clip, and it takes what is made from whole clips", clipAlone);
      this.#whole(node, given);
    } else if (node.op === "scan" && this.#form === "context") {
      this.#carried(node, given);
    } else {
      this.#timed(node, given);
    }
  }

  #timed(node: Node, given: readonly (Timing | undefined)[]): void {
    const types = node.inputs.map((v) => v.type);
    const axes = given.map((t) => t?.axis);
    const outputs = node.outputs.map((v) => v.type);
    const use = node.op === "scan" ? "whole" : timeRuleOf(node.op)?.(types, axes, outputs, node.attributes);
    if (use === undefined) this.#refuse(node, "it has no form that takes one step of time after another");
    const rates = new Set(given.flatMap((t) => t?.stride ?? []));
    if (use === "whole" || (use.padded && this.#form === "window")) {
      if (use !== "whole" && !wholeClip.has(node.op)) this.#refuse(node, "it pads the clip");
      this.#whole(node, given);
      return;
    }
    if (rates.size > 1) this.#refuse(node, `its inputs have different rates (${[...rates].join(" and ")} units a step)`);
    const timed = given.filter((t) => t !== undefined);
    const { stride } = timed[0];
    const latest = Math.max(...timed.map((t) => t.latest)) + (use.reach - 1 - use.before) * stride;
    const earliest = Math.min(...timed.map((t) => t.earliest)) - use.before * stride;
    this.plans.set(node, { kind: "each", use });
    for (const v of node.outputs) this.timings.set(v, { stride: stride * use.stride, earliest, latest, axis: use.axis });
  }

  #whole(node: Node, given: readonly (Timing | undefined)[]): void {
    const stride = Math.max(this.#hop, ...given.map((t) => t?.stride ?? 1));
    const ends = given.map((t, i) => {
      if (t === undefined) return -Infinity;
      if (stride % t.stride !== 0) this.#refuse(node, `its inputs have rates of ${t.stride} and ${stride} units a step`);
      return t.axis === undefined ? t.latest : t.latest + (node.inputs[i].type.shape[t.axis] - 1) * t.stride;
    });
    const latest = Math.max(...ends);
    if (given.some((t, i) => t !== undefined && t.axis === undefined && (t.stride !== stride || ends[i] !== latest)))
      this.#refuse(node, "its inputs, each made from a whole clip, are not in step");
    const earliest = Math.min(...given.flatMap((t) => t?.earliest ?? []));
    this.plans.set(node, { kind: "whole" });
    for (const v of node.outputs) this.timings.set(v, { stride, earliest, latest, axis: undefined });
  }

  /** A scan whose state goes on: its last state after as many steps as a clip has counts as made from the whole clip. */
  #carried(node: Node, given: readonly (Timing | undefined)[]): void {
    const states = Number(node.attributes.states);
    const sequences = Number(node.attributes.sequences);
    if (node.attributes.reverse === true) this.#refuse(node, "it runs from the clip's end to its beginning");
    given.forEach((t, i) => {
      const isSequence = i >= states && i < states + sequences;
      if (isSequence && t?.axis !== 0) this.#refuse(node, "not all of its sequences run in time");
      if (!isSequence && t !== undefined) this.#refuse(node, "its cell takes something else that changes in time");
    });
    const timed = given.filter((t) => t !== undefined);
    const [{ stride }] = timed;
    if (timed.some((t) => t.stride !== stride)) this.#refuse(node, "its sequences have different rates");
    for (const v of node.inputs.slice(0, states))
      if (!this.zeros.has(v) && !this.#graph.states.some((s) => s.input === v))
        this.#refuse(node, "its first state is neither zeros nor a state of the graph");
    const latest = Math.max(...timed.map((t) => t.latest));
    const earliest = Math.min(...timed.map((t) => t.earliest));
    const steps = node.inputs[states].type.shape[0];
    this.plans.set(node, { kind: "carried" });
    node.outputs.forEach((v, i) =>
      this.timings.set(
        v,
        i < states
          ? { stride, earliest, latest: latest + (steps - 1) * stride, axis: undefined }
          : { stride, earliest, latest, axis: 0 },
      ),
    );
  }

  #refuse(
    node: Node,
    why: string,
    otherwise = this.#form === "context" ? `take the window form, or ${clipAlone}` : clipAlone,
  ): never {
    const place = this.#graph.nodes.indexOf(node);
    const parameter = this.#graph.parameters.find((p) => node.inputs.includes(p.value));
    const named = parameter === undefined ? "" : `, parameter ${parameter.name}`;
    throw new UserError(`graph ${this.#graph.name}: node ${place} (${node.op}${named}) cannot stream: ${why}; ${otherwise}`);
  }
}
