import { invariant } from "../base/errors.js";
import { shapeOf } from "../graph/attributes.js";
import { GraphBuilder } from "../graph/builder.js";
import { retype } from "../graph/retype.js";
import type { Graph, Node, Value } from "../graph/types.js";
import { needed } from "./clone.js";
import { multiple } from "./stream_schedule.js";
import { type Timing, timingsOf } from "./stream_timing.js";

/** What the tail takes from the long graph: for result r the elements from first + r * stride on, `count` of them along `axis`. */
export interface TailInput {
  readonly name: string;
  readonly axis: number;
  readonly first: number;
  readonly stride: number;
  readonly count: number;
}

/**
 * What the context form must equal: the clip's graph typed for a long recording, up to where something is made from a whole clip, and
 * from there on the clip's graph itself, on a clip's length of what the long graph gave. No rings and no phases.
 */
export interface UnrolledGraph {
  /** Outputs have the names of the tail's inputs. */
  readonly long: Graph;
  readonly tail: Graph;
  readonly tailInputs: readonly TailInput[];
  /** Units of the long recording. */
  readonly length: number;
  /** Units from one result to the next, and units that result 0 needs. */
  readonly resultStride: number;
  readonly resultLatest: number;
}

/**
 * @param most units of the recording; the graph is typed for the longest length up to it whose strided parts fall on the same elements
 * as in a clip
 */
export function unrolledGraph(graph: Graph, most: number): UnrolledGraph {
  const { timings, plans } = timingsOf(graph, "context");
  const [input] = graph.inputs;
  const [batch, clip, ...rest] = input.value.type.shape;
  const period = [...timings.values()].reduce((product, { stride }) => multiple(product, stride), 1);
  const length = clip + Math.floor(Math.max(0, most - clip) / period) * period;

  const isWhole = (value: Value): boolean => timings.get(value)?.axis === undefined && timings.has(value);
  const tailNodes = graph.nodes.filter((n) => plans.get(n)?.kind === "whole");
  const result = graph.outputs[0].value;
  const ends = new Set(tailNodes.flatMap((n) => n.inputs).filter((v) => timings.has(v) && !isWhole(v)));
  if (!isWhole(result)) ends.add(result);
  const scans = graph.nodes.filter((n) => plans.get(n)?.kind === "carried");
  const lasts = scans.flatMap((n) => n.outputs.slice(0, Number(n.attributes.states)));

  const exposed = exposeStates(slicedFromEnd(graph, timings), scans);
  const outputs = [
    ...[...ends].map((value, i) => ({ name: `end.${i}`, value, from: value })),
    ...lasts.map((from, i) => ({ name: `last.${i}`, value: exposed.each.get(from) as Value, from })),
  ];
  const nodes = needed(exposed.graph, [...outputs.map((o) => o.value), ...exposed.graph.states.map((s) => s.output)]);
  const used = new Set(nodes.flatMap((n) => n.inputs));
  const parameters = graph.parameters.filter((p) => used.has(p.value));
  const head: Graph = { ...exposed.graph, parameters, nodes, outputs: outputs.map(({ name, value }) => ({ name, value })) };
  const long = retype(head, { inputs: { [input.name]: [batch, length, ...rest] } });

  const timing = timings.get(result) as Timing;
  const tailInputs = outputs.map(({ name, from }) => {
    const own = timings.get(from) as Timing;
    // The state after as many steps as a clip has is one element of the states of all steps.
    if (own.axis === undefined) return { name, axis: 0, first: stepsOf(scans, from) - 1, stride: 1, count: 1 };
    const stride = timing.stride / own.stride;
    return { name, axis: own.axis, first: 0, stride, count: isWhole(result) ? from.type.shape[own.axis] : 1 };
  });
  const tail = tailOf(
    graph,
    tailNodes,
    outputs.map(({ name, from }) => ({ name, from })),
    plans,
  );
  return { long, tail, tailInputs, length, resultStride: timing.stride, resultLatest: timing.latest };
}

/** The graph with the ends of slices in time counted from the clip's end, so that of a longer recording they leave as much. */
function slicedFromEnd(graph: Graph, timings: ReadonlyMap<Value, Timing>): Graph {
  const nodes = graph.nodes.map((node): Node => {
    const axis = timings.get(node.inputs[0] as Value)?.axis;
    if (node.op !== "slice" || axis === undefined) return node;
    const length = node.inputs[0].type.shape[axis];
    const [begin, end] = [shapeOf(node.attributes, "begin"), shapeOf(node.attributes, "end")];
    const from = begin[axis] < 0 ? begin[axis] + length : begin[axis];
    const to = end[axis] > 0 ? Math.min(0, end[axis] - length) : end[axis];
    const replaced = (list: readonly number[], n: number): number[] => list.map((old, i) => (i === axis ? n : old));
    return { ...node, attributes: { ...node.attributes, begin: replaced(begin, from), end: replaced(end, to) } };
  });
  return { ...graph, nodes };
}

/** Steps of the scan whose last state this is. */
function stepsOf(scans: readonly Node[], last: Value): number {
  const scan = scans.find((n) => n.outputs.includes(last));
  invariant(scan, "a last state without its scan");
  return scan.inputs[Number(scan.attributes.states)].type.shape[0];
}

/** Scans that also give their states after every step; `each` has them by the last states. */
function exposeStates(graph: Graph, scans: readonly Node[]): { graph: Graph; each: Map<Value, Value> } {
  const each = new Map<Value, Value>();
  let id = Math.max(0, ...graph.nodes.flatMap((n) => n.outputs.map((v) => v.id)), ...graph.inputs.map((i) => i.value.id)) + 1e6;
  const nodes = graph.nodes.map((node): Node => {
    if (!scans.includes(node)) return node;
    const states = Number(node.attributes.states);
    const steps = node.inputs[states].type.shape[0];
    const body = node.body as Graph;
    const more = body.outputs.slice(0, states).map(({ name, value }) => ({ name: `${name}.each_step`, value }));
    const added = node.outputs.slice(0, states).map((last): Value => {
      const value = { id: id++, type: { ...last.type, shape: [steps, ...last.type.shape] } };
      each.set(last, value);
      return value;
    });
    return { ...node, outputs: [...node.outputs, ...added], body: { ...body, outputs: [...body.outputs, ...more] } };
  });
  return { graph: { ...graph, nodes }, each };
}

/** The clip's graph from the given values on. */
function tailOf(
  graph: Graph,
  tailNodes: readonly Node[],
  given: readonly { name: string; from: Value }[],
  plans: ReadonlyMap<Node, { kind: string }>,
): Graph {
  const builder = new GraphBuilder(`${graph.name}_tail`);
  const values = new Map<Value, Value>();
  for (const { name, from } of given) values.set(from, builder.input(name, from.type));
  for (const p of graph.parameters) values.set(p.value, builder.adopt(p));
  for (const node of graph.nodes) {
    const isStatic = plans.get(node)?.kind === "static" && node.inputs.every((v) => values.has(v));
    if (!isStatic && !tailNodes.includes(node)) continue;
    const inputs = node.inputs.map((v) => {
      const value = values.get(v);
      invariant(value, "the tail of an unrolled graph takes what its head does not give");
      return value;
    });
    const results = builder.apply(node.op, inputs, node.attributes, node.body);
    node.outputs.forEach((v, i) => values.set(v, results[i]));
  }
  for (const { name, value } of graph.outputs) builder.output(name, values.get(value) as Value);
  const tail = builder.finish();
  const used = new Set(tail.nodes.flatMap((n) => n.inputs));
  return { ...tail, parameters: tail.parameters.filter((p) => used.has(p.value)) };
}
