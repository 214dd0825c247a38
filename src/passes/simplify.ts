import type { Graph, Node, Value } from "../graph/types.js";
import { needed } from "./clone.js";

function keyOf(node: Node, number: (v: Value) => number, bodies: Map<readonly Node[], number>): string {
  let body = "";
  if (node.body) {
    if (!bodies.has(node.body.nodes)) bodies.set(node.body.nodes, bodies.size);
    body = `${bodies.get(node.body.nodes)}`;
  }
  const sorted = Object.keys(node.attributes)
    .sort()
    .map((name) => [name, node.attributes[name]]);
  return `${node.op} ${node.inputs.map(number).join(",")} ${JSON.stringify(sorted)} ${body}`;
}

/** Whether the outputs of `short`'s body are the first outputs of `long`'s. */
function extendsBody(long: Node, short: Node): boolean {
  const a = long.body?.outputs;
  const b = short.body?.outputs;
  return a !== undefined && b !== undefined && b.length <= a.length && b.every(({ value }, i) => a[i]!.value === value);
}

/** Numbers of values, for keys. */
function numbering(): (v: Value) => number {
  const numbers = new Map<Value, number>();
  return (v) => {
    if (!numbers.has(v)) numbers.set(v, numbers.size);
    return numbers.get(v)!;
  };
}

/**
 * Drops what no output or state needs, and computes equal things once. Of two scans with the same cell, inputs and
 * attributes the one with more outputs serves both.
 */
export function simplify(graph: Graph): Graph {
  const kept = needed(graph, [...graph.outputs.map((o) => o.value), ...graph.states.map((s) => s.output)]);
  const replaced = new Map<Value, Value>();
  const at = (v: Value): Value => replaced.get(v) ?? v;
  const number = numbering();
  const bodies = new Map<readonly Node[], number>();
  const seen = new Map<string, number>();
  const nodes: Node[] = [];
  for (const old of kept) {
    const node: Node = { ...old, inputs: old.inputs.map(at) };
    const key = keyOf(node, number, bodies);
    const place = seen.get(key);
    const twin = place === undefined ? undefined : nodes[place];
    if (twin && (!node.body || extendsBody(twin, node))) node.outputs.forEach((v, i) => replaced.set(v, twin.outputs[i]!));
    else if (twin && node.body && extendsBody(node, twin)) {
      // The longer scan takes the earlier one's place: its inputs are the same values.
      nodes[place!] = { ...node, outputs: [...twin.outputs, ...node.outputs.slice(twin.outputs.length)] };
      twin.outputs.forEach((v, i) => replaced.set(node.outputs[i]!, v));
    } else {
      if (place === undefined) seen.set(key, nodes.length);
      nodes.push(node);
    }
  }
  return {
    ...graph,
    nodes,
    states: graph.states.map((s) => ({ ...s, output: at(s.output) })),
    outputs: graph.outputs.map((o) => ({ ...o, value: at(o.value) })),
  };
}
