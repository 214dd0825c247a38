import type { Graph, NamedValue, Node, Value } from "../graph/types.js";

/** A graph whose values can be read, and under which names. */
export interface ObservedGraph {
  readonly graph: Graph;
  /** Output name by value of the original graph and of the bodies of its scans. */
  readonly names: ReadonlyMap<Value, string>;
}

/**
 * Adds an output for every value of the graph but its parameters; those inside a scan come stacked over its steps. Run over data, the
 * outputs show the range that each value takes (measure/calibrate.ts).
 */
export function observe(graph: Graph): ObservedGraph {
  const names = new Map<Value, string>();
  const outputs: NamedValue[] = [];
  let next = Math.max(-1, ...idsOf(graph)) + 1;
  const watch = (original: Value, value: Value): void => {
    const name = `observed.${names.size}`;
    names.set(original, name);
    outputs.push({ name, value });
  };
  for (const { value } of graph.inputs) watch(value, value);
  for (const { input } of graph.states) watch(input, input);
  const nodes = graph.nodes.map((node): Node => {
    for (const output of node.outputs) watch(output, output);
    if (node.op !== "scan" || !node.body) return node;
    const { body } = node;
    const states = Number(node.attributes["states"]);
    const captured = states + Number(node.attributes["sequences"]);
    const inside = [...body.inputs.slice(0, captured).map((i) => i.value), ...body.nodes.flatMap((n) => n.outputs)];
    const steps = node.inputs[states]!.type.shape[0] as number;
    const stacked = inside.map(
      (value): Value => ({ id: next++, type: { dtype: value.type.dtype, shape: [steps, ...value.type.shape] } }),
    );
    inside.forEach((value, i) => watch(value, stacked[i]!));
    const seen = inside.map((value, i) => ({ name: `observed.${i}`, value }));
    return { ...node, outputs: [...node.outputs, ...stacked], body: { ...body, outputs: [...body.outputs, ...seen] } };
  });
  return { graph: { ...graph, nodes, outputs: [...graph.outputs, ...outputs] }, names };
}

function idsOf({ inputs, parameters, states, nodes }: Graph): number[] {
  const values = [...inputs, ...parameters].map((i) => i.value.id);
  return [...values, ...states.map((s) => s.input.id), ...nodes.flatMap((n) => n.outputs.map((o) => o.id))];
}
