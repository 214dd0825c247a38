import type { Node, ParameterData, Value } from "../graph/types.js";
import { tensor } from "../graph/types.js";
import { normalisation, type ValuedGraph } from "./fold.js";
import { GraphRebuilder } from "./rebuild.js";

/**
 * Writes every batch_norm with given statistics, those that `foldBatchNorm` leaves, as a depthwise convolution of one place with a bias: for
 * targets, such as integers, that have products with a scale for each channel but no batch norm. Computed in double and rounded once.
 */
export function normAsProduct({ graph, parameters }: ValuedGraph): ValuedGraph {
  const named = new Map(graph.parameters.map((p) => [p.value, p.name]));
  const valueOf = (value: Value): ParameterData | undefined => parameters.get(named.get(value) ?? "");
  const isGiven = (node: Node): boolean => node.op === "batch_norm" && node.inputs.slice(1).every((v) => valueOf(v));
  if (!graph.nodes.some(isGiven)) return { graph, parameters };
  const rebuilder = new GraphRebuilder(graph);
  const values = new Map(parameters);
  for (const node of graph.nodes) {
    if (isGiven(node)) rebuilder.set(node.outputs[0], written(rebuilder, node, named, values));
    else rebuilder.copy(node);
  }
  const result = rebuilder.finish();
  return { graph: result, parameters: new Map(result.parameters.map((p) => [p.name, values.get(p.name) as ParameterData])) };
}

function written(
  rebuilder: GraphRebuilder,
  node: Node,
  named: ReadonlyMap<Value, string>,
  values: Map<string, ParameterData>,
): Value {
  const { scale, offset } = normalisation(node, (v) => values.get(named.get(v) as string) as ParameterData);
  const channels = scale.length;
  const path = (named.get(node.inputs[1]) as string).replace(/\.[^.]*$/, "");
  const add = (name: string, shape: readonly number[], data: Float64Array): Value => {
    values.set(`${path}.${name}`, Float32Array.from(data));
    return rebuilder.parameter(
      { name: `${path}.${name}`, initializer: { kind: "zeros" }, trainable: true },
      tensor("f32", shape),
    );
  };
  const x = rebuilder.get(node.inputs[0]);
  const map = asMap(x.type.shape.length, channels);
  const kernel = add("kernel", [1, 1, channels, 1], scale);
  const attributes = { strides: [1, 1], dilations: [1, 1], padding: "valid" };
  const product = rebuilder.op("depthwise_conv2d", [map ? rebuilder.op("reshape", [x], { shape: map }) : x, kernel], attributes);
  const y = rebuilder.op("add", [product, add("bias", [channels], offset)]);
  return map ? rebuilder.op("reshape", [y], { shape: [0, ...x.type.shape.slice(1)] }) : y;
}

/** Shape that makes a map of a tensor [B, C] or [B, T, C]; undefined where it is one. */
function asMap(rank: number, channels: number): number[] | undefined {
  return rank === 4 ? undefined : rank === 3 ? [0, 0, 1, channels] : [0, 1, -1, channels];
}
