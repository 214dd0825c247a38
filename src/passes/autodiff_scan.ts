import { booleanOf, numberOf } from "../graph/attributes.js";
import { GraphBuilder } from "../graph/builder.js";
import type { Graph, Node, Value } from "../graph/types.js";
import { dependents, needed } from "./clone.js";
import { chooseRecorded } from "./scan_record.js";

/** Differentiates the nodes of a builder: passes/autodiff.ts. */
export type Differentiate = (
  builder: GraphBuilder,
  request: { readonly nodes: readonly Node[]; readonly seeds: ReadonlyMap<Value, Value>; readonly wanted: readonly Value[] },
) => ReadonlyMap<Value, Value>;

/*
 * The gradient of a scan is a scan the other way round. The forward scan is run again with the states before each step
 * stacked as sequences (`before`), and with the values that the gradient needs and that would cost a product or a
 * transcendental function to compute again (`recorded`, scan_record.ts). The backward cell repeats what else it needs of the
 * forward cell's nodes and differentiates. It carries the gradient of the state and the sums of the gradients of the captured values; gradients of the sequences are
 * its step outputs. passes/hoist.ts then moves products that do not depend on the carried gradient out of the loop.
 */

interface ScanParts {
  readonly node: Node;
  readonly body: Graph;
  readonly states: number;
  readonly sequences: number;
  readonly upstream: readonly (Value | undefined)[];
  needs(i: number): boolean;
}

interface BackwardCell {
  readonly graph: Graph;
  /** Captured inputs whose gradient is summed over time, and sequences that get a gradient. */
  readonly summed: readonly number[];
  readonly stepGradients: readonly number[];
  /** Values of the forward cell that the gradient uses. */
  readonly used: ReadonlySet<Value>;
}

/** The same cell that also gives the states it was given and the recorded values, so that the scan stacks them. */
function recordingBody(body: Graph, states: number, recorded: readonly Value[]): Graph {
  const before = body.inputs.slice(0, states).map(({ name, value }) => ({ name: `before_${name}`, value }));
  const values = recorded.map((value, i) => ({ name: `recorded${i}`, value }));
  return { ...body, outputs: [...body.outputs, ...before, ...values] };
}

/** The nodes of the forward cell in the backward one; a recorded value is an input there, and its node is only differentiated. */
function forwardNodes(cell: GraphBuilder, body: Graph, map: Map<Value, Value>): Node[] {
  const outputs = body.outputs.map((o) => o.value);
  return needed(body, outputs).map((node) => {
    const inputs = node.inputs.map((v) => map.get(v)!);
    const isRecorded = node.outputs.every((v) => map.has(v));
    const results = isRecorded ? node.outputs.map((v) => map.get(v)!) : cell.apply(node.op, inputs, node.attributes, node.body);
    node.outputs.forEach((v, i) => map.set(v, map.get(v) ?? results[i]!));
    return { ...node, inputs, outputs: node.outputs.map((v) => map.get(v)!) };
  });
}

/** Inputs: gradients of the states, sums, states before the step, recorded values, sequences, gradients of the step outputs, captured values. */
function backwardCell(differentiate: Differentiate, parts: ScanParts, recorded: readonly Value[]): BackwardCell {
  const { node, body, states, sequences, upstream, needs } = parts;
  const isSequence = (i: number): boolean => i >= states && i < states + sequences;
  const cell = new GraphBuilder(`${body.name}_backward`);
  const map = new Map<Value, Value>();
  const stateValues = body.inputs.slice(0, states).map(({ value }) => value);
  const summed = node.inputs.flatMap((_, i) => (i >= states + sequences && needs(i) ? [i] : []));
  const carried = stateValues.map((v, i) => cell.input(`d_state${i}`, v.type));
  const sums = summed.map((i) => cell.input(`sum${i}`, body.inputs[i]!.value.type));
  stateValues.forEach((v, i) => map.set(v, cell.input(`before${i}`, v.type)));
  recorded.forEach((v, i) => map.set(v, cell.input(`recorded${i}`, v.type)));
  body.inputs.forEach(({ name, value }, i) => isSequence(i) && map.set(value, cell.input(name, value.type)));
  const upstreamSteps = body.outputs
    .slice(states)
    .flatMap(({ name, value }, i) => (upstream[states + i] ? [{ value, gradient: cell.input(`d_${name}`, value.type) }] : []));
  body.inputs.forEach(({ name, value }, i) => i >= states + sequences && map.set(value, cell.input(name, value.type)));

  const wanted = [...stateValues, ...body.inputs.flatMap(({ value }, i) => (i >= states && needs(i) ? [value] : []))];
  const active = dependents(body.nodes, wanted);
  const nodes = forwardNodes(cell, body, map);
  const forwardCount = cell.nodes.length;
  const seeds = new Map<Value, Value>();
  const seed = (value: Value, gradient: Value): void => {
    if (!active.has(value)) return;
    const key = map.get(value)!;
    const old = seeds.get(key);
    seeds.set(key, old ? cell.op("add", [old, gradient]) : gradient);
  };
  body.outputs.slice(0, states).forEach(({ value }, i) => seed(value, carried[i]!));
  for (const { value, gradient } of upstreamSteps) seed(value, gradient);
  const gradients = differentiate(cell, { nodes, seeds, wanted: wanted.map((v) => map.get(v)!) });
  const zero = (like: Value): Value => cell.op("affine", [like], { scale: 0, offset: 0 });
  stateValues.forEach((v, i) => cell.output(`d_before${i}`, gradients.get(map.get(v)!) ?? zero(carried[i]!)));
  summed.forEach((i, j) => {
    const gradient = gradients.get(map.get(body.inputs[i]!.value)!);
    cell.output(`sum${i}`, gradient ? cell.op("add", [sums[j]!, gradient]) : zero(sums[j]!));
  });
  const stepGradients = node.inputs.flatMap((_, i) => (isSequence(i) && needs(i) ? [i] : []));
  for (const i of stepGradients) {
    const value = map.get(body.inputs[i]!.value)!;
    cell.output(`d_${body.inputs[i]!.name}`, gradients.get(value) ?? zero(value));
  }
  const graph = cell.finish();
  const ends = graph.outputs.map((o) => o.value);
  const reads = new Set([...ends, ...needed({ nodes: graph.nodes.slice(forwardCount) }, ends).flatMap((n) => n.inputs)]);
  const used = new Set([...map].flatMap(([value, copy]) => (reads.has(copy) ? [value] : [])));
  return { graph: { ...graph, nodes: needed(graph, ends) }, summed, stepGradients, used };
}

/** Gradient for each input of a scan node. */
export function scanGradient(
  differentiate: Differentiate,
  builder: GraphBuilder,
  node: Node,
  upstream: readonly (Value | undefined)[],
  needs: (i: number) => boolean,
): (Value | undefined)[] {
  const body = node.body!;
  const states = numberOf(node.attributes, "states");
  const sequences = numberOf(node.attributes, "sequences");
  const parts: ScanParts = { node, body, states, sequences, upstream, needs };
  const stateValues = body.inputs.slice(0, states).map(({ value }) => value);
  // What the gradient uses is known once it is written: it is written twice.
  const recorded = chooseRecorded(body, stateValues, backwardCell(differentiate, parts, []).used);
  const { graph, summed, stepGradients } = backwardCell(differentiate, parts, recorded);

  const forward = builder.apply("scan", node.inputs, node.attributes, recordingBody(body, states, recorded));
  const stacked = forward.slice(body.outputs.length);
  const upstreamSteps = body.outputs.slice(states).flatMap((_, i) => upstream[states + i] ?? []);
  const zeros = (like: Value): Value => builder.op("zeros", [like], { shape: [...like.type.shape] });
  const results = builder.apply(
    "scan",
    [
      ...stateValues.map((_, i) => upstream[i] ?? zeros(node.inputs[i]!)),
      ...summed.map((i) => zeros(node.inputs[i]!)),
      ...stacked,
      ...node.inputs.slice(states, states + sequences),
      ...upstreamSteps,
      ...node.inputs.slice(states + sequences),
    ],
    {
      states: states + summed.length,
      sequences: stacked.length + sequences + upstreamSteps.length,
      reverse: !booleanOf(node.attributes, "reverse"),
    },
    graph,
  );
  const out: (Value | undefined)[] = node.inputs.map(() => undefined);
  for (let i = 0; i < states; i++) out[i] = results[i];
  summed.forEach((i, j) => (out[i] = results[states + j]));
  stepGradients.forEach((i, j) => (out[i] = results[states + summed.length + j]));
  return out;
}
