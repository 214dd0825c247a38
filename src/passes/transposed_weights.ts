import type { Graph, Node, Value } from "../graph/types.js";
import { valueUses } from "../graph/uses.js";

const isTransposition = ({ op, attributes }: Node): boolean => op === "transpose" && String(attributes.permutation) === "1,0";

/**
 * The gradient of a layer's input multiplies with its weights transposed. Where nothing else needs those, the product reads the weights
 * as they lie, and its kernel turns them round on the way into its panels: no copy is written, and what is read is in the cache for the
 * weights' update. About states only, which weights are in training: other weights can be turned before.
 */
export function transposedWeights(graph: Graph): Graph {
  const states = new Set(graph.states.map(({ input }) => input));
  const uses = valueUses(graph);
  const dropped = new Set<Node>();
  const turned = ([x, w]: readonly Value[]): readonly [Value, Value] | undefined => {
    const maker = uses.soleMaker(w!);
    if (!maker || !isTransposition(maker) || !states.has(maker.inputs[0]!)) return undefined;
    dropped.add(maker);
    return [x!, maker.inputs[0]!];
  };
  const nodes = graph.nodes.map((node) => {
    const inputs = node.op === "dense" && node.attributes.transposed !== true ? turned(node.inputs) : undefined;
    return inputs ? { ...node, inputs, attributes: { ...node.attributes, transposed: true } } : node;
  });
  return dropped.size === 0 ? graph : { ...graph, nodes: nodes.filter((n) => !dropped.has(n)) };
}
