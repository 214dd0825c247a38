import { booleanOf, numberOf } from "../graph/attributes.js";
import type { Graph, Node, Value } from "../graph/types.js";
import { GraphRebuilder } from "./rebuild.js";

/**
 * batch_norm as a difference, a product and a sum with vectors that are computed once, rather than with a root and a division
 * at every place: (x - mean) * (gamma / sqrt(variance + epsilon)) + beta. To be run after autodiff.
 */
export function splitBatchNorm(graph: Graph): Graph {
  if (!graph.nodes.some((n) => n.op === "batch_norm")) return graph;
  const rebuilder = new GraphRebuilder(graph);
  for (const node of graph.nodes) {
    if (node.op === "batch_norm") rebuilder.set(node.outputs[0]!, split(rebuilder, node));
    else rebuilder.copy(node);
  }
  return rebuilder.finish();
}

function split(rebuilder: GraphRebuilder, { inputs, attributes }: Node): Value {
  const [x, mean, variance, ...rest] = inputs.map((v) => rebuilder.get(v)) as [Value, Value, Value, ...Value[]];
  const offset = numberOf(attributes, "epsilon");
  const inverse = rebuilder.op("rsqrt", [rebuilder.op("affine", [variance], { scale: 1, offset })]);
  const gamma = booleanOf(attributes, "scale") ? rest[rest.length - 1] : undefined;
  const factor = gamma ? rebuilder.op("mul", [inverse, gamma]) : inverse;
  const scaled = rebuilder.op("mul", [rebuilder.op("sub", [x, mean]), factor]);
  return booleanOf(attributes, "center") ? rebuilder.op("add", [scaled, rest[0]!]) : scaled;
}
