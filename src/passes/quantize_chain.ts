import type { Graph, Node, Value } from "../graph/types.js";
import { sizeOf } from "../graph/types.js";

/** A product with what one integer op does besides: bias and activation. */
export interface ProductChain {
  readonly product: Node;
  readonly bias?: Value;
  /** relu or clamp. */
  readonly activation?: Node;
  readonly result: Value;
  /** The nodes behind the product that belong to it. */
  readonly rest: readonly Node[];
}

const products = new Set(["conv2d", "depthwise_conv2d", "dense"]);

/** Whether an op is one that bias and activation may belong to. */
export const isProduct = (op: string): boolean => products.has(op);

/** Finds the chains of a graph or body, by their product. */
export function productChains(graph: Graph, isParameter: (value: Value) => boolean): Map<Node, ProductChain> {
  const users = new Map<Value, Node[]>();
  for (const node of graph.nodes) for (const v of node.inputs) users.set(v, [...(users.get(v) ?? []), node]);
  const given = new Set([...graph.outputs.map((o) => o.value), ...graph.states.map((s) => s.output)]);
  /** The node that alone uses a value. */
  const soleUser = (value: Value): Node | undefined => {
    const list = users.get(value) ?? [];
    return list.length === 1 && !given.has(value) ? list[0] : undefined;
  };
  const chains = new Map<Node, ProductChain>();
  for (const product of graph.nodes) {
    if (!products.has(product.op) || !isParameter(product.inputs[1]!)) continue;
    const rest: Node[] = [];
    let result = product.outputs[0]!;
    const added = soleUser(result);
    const bias = added?.op === "add" ? biasOf(added, result, isParameter) : undefined;
    if (added && bias) {
      rest.push(added);
      result = added.outputs[0]!;
    }
    const next = soleUser(result);
    const activation = next?.op === "relu" || next?.op === "clamp" ? next : undefined;
    if (activation) {
      rest.push(activation);
      result = activation.outputs[0]!;
    }
    chains.set(product, { product, ...(bias ? { bias } : {}), ...(activation ? { activation } : {}), result, rest });
  }
  return chains;
}

/** The parameter with one element a channel that a node adds to the value. */
function biasOf(node: Node, value: Value, isParameter: (value: Value) => boolean): Value | undefined {
  const other = node.inputs[0] === value ? node.inputs[1] : node.inputs[0];
  const channels = value.type.shape.at(-1);
  const fits = other && isParameter(other) && sizeOf(other.type.shape) === channels && other.type.shape.at(-1) === channels;
  return fits ? other : undefined;
}
