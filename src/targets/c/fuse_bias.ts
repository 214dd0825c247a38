import type { Graph, Node, Value } from "../../graph/types.js";
import { sizeOf } from "../../graph/types.js";
import { valueUses } from "../../graph/uses.js";
import { layerProducts } from "../../passes/fold.js";

/** What an element-wise node does to a product: adds a bias a channel, then perhaps limits. */
interface Ending {
  readonly bias?: Value;
  readonly limits?: readonly [number, number];
}

const largestFloat = 3.4028234663852886e38;

/**
 * Float products take the bias and the activation behind them along: the node gets the bias as a third input, and attributes low
 * and high. Such nodes are the C library's alone; no op's own kernel knows of a third input. Scans' cells too.
 * @param isKnown whether the values of a bias are known
 */
export function fuseBias(graph: Graph, isKnown: (value: Value) => boolean): Graph {
  const { usesOf } = valueUses(graph);
  const pending = new Map<Value, Node>();
  const nodes: Node[] = [];
  for (const node of graph.nodes) {
    const product = node.inputs.map((v) => pending.get(v)).find((p) => p !== undefined);
    const ending = product && usesOf(product.outputs[0]!) === 1 ? endingOf(node, product, isKnown) : undefined;
    if (product && ending) {
      nodes.splice(nodes.indexOf(product), 1);
      const { bias, limits } = ending;
      const attributes = limits ? { ...product.attributes, low: limits[0], high: limits[1] } : product.attributes;
      const whole: Node = { ...product, inputs: [...product.inputs, ...(bias ? [bias] : [])], outputs: node.outputs, attributes };
      nodes.push(whole);
      // A limit may still follow a bias.
      if (!limits) pending.set(node.outputs[0]!, whole);
      continue;
    }
    nodes.push(node);
    const isFloat = node.outputs[0]?.type.dtype === "f32" && node.inputs[0]?.type.dtype === "f32";
    const isSingle = node.op === "dense" || node.inputs[0]?.type.shape[0] === 1;
    if (layerProducts.has(node.op) && isFloat && isSingle) pending.set(node.outputs[0]!, node);
  }
  return nodes.length === graph.nodes.length ? graph : { ...graph, nodes };
}

/** What the node does to the product, where that is all it does. */
function endingOf(node: Node, product: Node, isKnown: (value: Value) => boolean): Ending | undefined {
  const from = product.outputs[0]!;
  const to = node.outputs[0]!;
  if (node.outputs.length !== 1 || from.type.shape.join() !== to.type.shape.join()) return undefined;
  const outer = new Map<Value, Value>();
  node.body?.inputs.forEach(({ value }, i) => outer.set(value, node.inputs[i]!));
  const steps = node.op === "fused" ? node.body!.nodes : [node];
  let current: Value | undefined;
  let ending: Ending = product.inputs[2] ? { bias: product.inputs[2] } : {};
  for (const step of steps) {
    const inputs = step.inputs.map((v) => outer.get(v) ?? v);
    const next = stepOf(step, inputs, current ?? from, ending, product, isKnown);
    if (!next) return undefined;
    ending = next;
    current = step.outputs[0]!;
  }
  const result = node.op === "fused" ? node.body!.outputs[0]!.value : to;
  if (current !== result) return undefined;
  if (!product.inputs[2]) return ending;
  return ending.limits ? { limits: ending.limits } : {};
}

function stepOf(
  step: Node,
  inputs: readonly Value[],
  current: Value,
  ending: Ending,
  product: Node,
  isKnown: (value: Value) => boolean,
): Ending | undefined {
  if (ending.limits) return undefined;
  if (step.op === "relu" && inputs[0] === current) return { ...ending, limits: [0, largestFloat] };
  if (step.op === "clamp" && inputs[0] === current)
    return { ...ending, limits: [Number(step.attributes["low"]), Number(step.attributes["high"])] };
  if (step.op !== "add" || ending.bias) return undefined;
  const [a, b] = inputs as [Value, Value];
  const bias = a === current ? b : b === current ? a : undefined;
  const channels = product.outputs[0]!.type.shape.at(-1)!;
  const isBias = bias && bias !== current && sizeOf(bias.type.shape) === channels && bias.type.shape.at(-1) === channels;
  return isBias && isKnown(bias) ? { ...ending, bias } : undefined;
}
