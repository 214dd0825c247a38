import type { Graph, Node, Value } from "../graph/types.js";

/** The only node that uses a value, if it is the op asked for and the value does not leave the graph. */
export type SoleUse = (value: Value, op: string) => Node | undefined;

/** Looks up the sole users of a graph's values. */
export function soleUses(graph: Graph): SoleUse {
  const uses = new Map<Value, Node[]>();
  for (const node of graph.nodes) for (const v of node.inputs) uses.set(v, [...(uses.get(v) ?? []), node]);
  const kept = new Set([...graph.outputs.map((o) => o.value), ...graph.states.map((s) => s.output)]);
  return (value, op) => {
    const [node, ...others] = uses.get(value) ?? [];
    return node?.op === op && others.length === 0 && !kept.has(value) ? node : undefined;
  };
}

/** Whether the node adds the squares of real and imaginary parts. */
function sumsParts(node: Node): boolean {
  const rank = node.inputs[0]!.type.shape.length;
  const { axes, keep } = node.attributes;
  return keep === false && Array.isArray(axes) && axes.length === 1 && (axes[0] === rank - 2 || axes[0] === -2);
}

/** Whether the slice keeps the first elements of the last axis, and all of the others. */
function keepsFirst(node: Node): boolean {
  const before = node.inputs[0]!.type.shape;
  const after = node.outputs[0]!.type.shape;
  const { begin, strides } = node.attributes;
  const plain = Array.isArray(begin) && begin.every((x) => x === 0) && Array.isArray(strides) && strides.every((x) => x === 1);
  return plain && before.slice(0, -1).every((n, i) => n === after[i]);
}

/** The nodes that make a power spectrum from a transform on. */
function chainOf(transform: Node, soleUse: SoleUse): Node[] | undefined {
  const squares = soleUse(transform.outputs[0]!, "square");
  const sum = squares && soleUse(squares.outputs[0]!, "sum");
  if (!sum || !sumsParts(sum)) return undefined;
  const slice = soleUse(sum.outputs[0]!, "slice");
  return slice && keepsFirst(slice) ? [transform, squares, sum, slice] : [transform, squares, sum];
}

/**
 * Makes power_spectrum of rfft, square, sum over the parts and a slice of the first bins: the spectrum itself, four times
 * as large as what is wanted of it, is never written. To be run after autodiff: power_spectrum has no gradient.
 */
export function fusePowerSpectrum(graph: Graph): Graph {
  const soleUse = soleUses(graph);
  const dropped = new Set<Node>();
  const made = new Map<Node, Node>();
  for (const transform of graph.nodes) {
    const chain = transform.op === "rfft" ? chainOf(transform, soleUse) : undefined;
    if (!chain) continue;
    const last = chain[chain.length - 1]!;
    const bins = last.outputs[0]!.type.shape[last.outputs[0]!.type.shape.length - 1]!;
    const attributes = { length: transform.attributes.length!, bins };
    made.set(last, { op: "power_spectrum", inputs: transform.inputs, outputs: last.outputs, attributes });
    for (const node of chain.slice(0, -1)) dropped.add(node);
  }
  if (made.size === 0) return graph;
  return { ...graph, nodes: graph.nodes.filter((n) => !dropped.has(n)).map((n) => made.get(n) ?? n) };
}
