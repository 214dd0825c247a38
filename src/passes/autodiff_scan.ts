import { GraphBuilder } from "../graph/builder.js";
import { booleanOf, numberOf } from "../graph/attributes.js";
import type { Graph, Node, Value } from "../graph/types.js";
import { copyNodes, dependents, needed } from "./clone.js";

/** Differentiates the nodes of a builder: passes/autodiff.ts. */
export type Differentiate = (
  builder: GraphBuilder,
  request: { readonly nodes: readonly Node[]; readonly seeds: ReadonlyMap<Value, Value>; readonly wanted: readonly Value[] },
) => ReadonlyMap<Value, Value>;

/*
 * The gradient of a scan is a scan the other way round. The forward scan is run again with the states before each step
 * stacked as sequences (`before`), so the backward cell can repeat the forward cell's nodes on them and differentiate. It
 * carries the gradient of the state and the sums of the gradients of the captured values; gradients of the sequences are
 * its step outputs. passes/hoist.ts then moves products that do not depend on the carried gradient out of the loop.
 */

/** The same cell that also gives the states it was given, so that the scan stacks them. */
function withStatesBefore(body: Graph, states: number): Graph {
  const given = body.inputs.slice(0, states).map(({ name, value }) => ({ name: `before_${name}`, value }));
  return { ...body, outputs: [...body.outputs, ...given] };
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
  const isSequence = (i: number): boolean => i >= states && i < states + sequences;
  const forward = builder.apply("scan", node.inputs, node.attributes, withStatesBefore(body, states));
  const before = forward.slice(body.outputs.length);

  const cell = new GraphBuilder(`${body.name}_backward`);
  const map = new Map<Value, Value>();
  const stateValues = body.inputs.slice(0, states).map(({ value }) => value);
  // Captured values whose gradient is summed over time.
  const summed = node.inputs.flatMap((_, i) => (i >= states + sequences && needs(i) ? [i] : []));
  const carried = stateValues.map((v, i) => cell.input(`d_state${i}`, v.type));
  const sums = summed.map((i) => cell.input(`sum${i}`, body.inputs[i]!.value.type));
  stateValues.forEach((v, i) => map.set(v, cell.input(`before${i}`, v.type)));
  body.inputs.forEach(({ name, value }, i) => isSequence(i) && map.set(value, cell.input(name, value.type)));
  const stepOutputs = body.outputs.slice(states);
  const upstreamSteps = stepOutputs.flatMap(({ name, value }, i) =>
    upstream[states + i] ? [{ value, gradient: cell.input(`d_${name}`, value.type) }] : [],
  );
  body.inputs.forEach(({ name, value }, i) => i >= states + sequences && map.set(value, cell.input(name, value.type)));

  const active = dependents(body.nodes, [
    ...stateValues,
    ...body.inputs.flatMap(({ value }, i) => (i >= states && needs(i) ? [value] : [])),
  ]);
  const nodes = copyNodes(
    cell,
    needed(
      body,
      body.outputs.map((o) => o.value),
    ),
    map,
  );
  const seeds = new Map<Value, Value>();
  const seed = (value: Value, gradient: Value): void => {
    if (!active.has(value)) return;
    const key = map.get(value)!;
    const old = seeds.get(key);
    seeds.set(key, old ? cell.op("add", [old, gradient]) : gradient);
  };
  body.outputs.slice(0, states).forEach(({ value }, i) => seed(value, carried[i]!));
  for (const { value, gradient } of upstreamSteps) seed(value, gradient);
  const wanted = [
    ...stateValues.map((v) => map.get(v)!),
    ...body.inputs.flatMap(({ value }, i) => (i >= states && needs(i) ? [map.get(value)!] : [])),
  ];
  const gradients = differentiate(cell, { nodes, seeds, wanted });
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

  const zeros = (like: Value): Value => builder.op("zeros", [like], { shape: [...like.type.shape] });
  const results = builder.apply(
    "scan",
    [
      ...stateValues.map((_, i) => upstream[i] ?? zeros(node.inputs[i]!)),
      ...summed.map((i) => zeros(node.inputs[i]!)),
      ...before,
      ...node.inputs.filter((_, i) => isSequence(i)),
      ...stepOutputs.flatMap((_, i) => upstream[states + i] ?? []),
      ...node.inputs.slice(states + sequences),
    ],
    {
      states: states + summed.length,
      sequences: states + sequences + upstreamSteps.length,
      reverse: !booleanOf(node.attributes, "reverse"),
    },
    cell.finish(),
  );
  const out: (Value | undefined)[] = node.inputs.map(() => undefined);
  for (let i = 0; i < states; i++) out[i] = results[i];
  summed.forEach((i, j) => (out[i] = results[states + j]));
  stepGradients.forEach((i, j) => (out[i] = results[states + summed.length + j]));
  return out;
}
