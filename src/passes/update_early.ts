import type { Graph, Node, Value } from "../graph/types.js";

/**
 * Nodes whose results only become states (an optimizer's update, a weight's gradient joined with it) run as soon as their operands
 * are made and nothing reads the states' old values any more: while the operands are still in the caches, and so that their memory
 * is free again.
 */
export function updateEarly(graph: Graph): Graph {
  const position = new Map<Node, number>(graph.nodes.map((n, i) => [n, i]));
  const made = new Map<Value, number>(graph.nodes.flatMap((n, i) => n.outputs.map((v) => [v, i] as const)));
  const lastUse = new Map<Value, number>();
  graph.nodes.forEach((n, i) => {
    for (const v of n.inputs) lastUse.set(v, i);
  });
  const before = new Map(graph.states.map((s) => [s.output, s.input]));
  const outputs = new Set(graph.outputs.map((o) => o.value));
  const isUpdate = (n: Node): boolean => n.outputs.every((v) => before.has(v) && !lastUse.has(v) && !outputs.has(v));
  /** After which node it can run; its own reading of the old value does not count. */
  const earliest = (n: Node): number => {
    const operands = n.inputs.map((v) => made.get(v) ?? -1);
    const reads = n.outputs.map((v) => {
      const old = before.get(v)!;
      const readers = graph.nodes.flatMap((m, i) => (m !== n && m.inputs.includes(old) ? [i] : []));
      return Math.max(-1, ...readers);
    });
    return Math.max(-1, ...operands, ...reads);
  };
  const after = new Map<number, Node[]>();
  const moved = new Set<Node>();
  for (const n of graph.nodes) {
    if (!isUpdate(n)) continue;
    const at = earliest(n);
    if (at >= position.get(n)! - 1) continue;
    moved.add(n);
    after.set(at, [...(after.get(at) ?? []), n]);
  }
  if (moved.size === 0) return graph;
  const nodes = [...(after.get(-1) ?? [])];
  graph.nodes.forEach((n, i) => {
    if (!moved.has(n)) nodes.push(n);
    nodes.push(...(after.get(i) ?? []));
  });
  return { ...graph, nodes };
}
