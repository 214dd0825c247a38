import type { GraphBuilder } from "../graph/builder.js";
import type { Graph, Node, Value } from "../graph/types.js";

/** Repeats nodes in another builder; `map` takes old values to new ones and grows. Returns the new nodes. */
export function copyNodes(builder: GraphBuilder, nodes: readonly Node[], map: Map<Value, Value>): Node[] {
  return nodes.map((node) => {
    const inputs = node.inputs.map((v) => {
      const value = map.get(v);
      if (!value) throw new Error(`${node.op}: an input is not copied yet`);
      return value;
    });
    const outputs = builder.apply(node.op, inputs, node.attributes, node.body);
    node.outputs.forEach((v, i) => map.set(v, outputs[i]!));
    return { op: node.op, inputs, outputs, attributes: node.attributes, ...(node.body ? { body: node.body } : {}) };
  });
}

/** The nodes that the given values need, in order. */
export function needed(graph: Pick<Graph, "nodes">, values: Iterable<Value>): Node[] {
  const wanted = new Set(values);
  const kept: Node[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((v) => wanted.has(v))) continue;
    kept.push(node);
    for (const v of node.inputs) wanted.add(v);
  }
  return kept.toReversed();
}

/** Which values depend on one of the sources. */
export function dependents(nodes: readonly Node[], sources: Iterable<Value>): Set<Value> {
  const set = new Set(sources);
  for (const node of nodes) if (node.inputs.some((v) => set.has(v))) for (const v of node.outputs) set.add(v);
  return set;
}
