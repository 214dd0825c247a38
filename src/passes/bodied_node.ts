import type { Graph, NamedValue, Node, Value } from "../graph/types.js";

/** A fused loop or product reads and writes at most this many tensors, so that its pointers stay in registers. */
export const mostOperands = 12;

/**
 * A node that computes others as its body, whose inputs and outputs are named in order.
 * @param op "fused" or "product"; the body's name
 */
export function bodiedNode(op: string, inputs: readonly Value[], outputs: readonly Value[], nodes: readonly Node[]): Node {
  const name = (list: readonly Value[], prefix: string): NamedValue[] =>
    list.map((value, i) => ({ name: `${prefix}${i}`, value }));
  const body: Graph = {
    name: op,
    inputs: name(inputs, "x"),
    parameters: [],
    states: [],
    nodes,
    outputs: name(outputs, "y"),
  };
  return { op, inputs, outputs, attributes: {}, body };
}
