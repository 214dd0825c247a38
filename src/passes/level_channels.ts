import { sizeOf, type Graph, type Node, type ParameterData, type Value } from "../graph/types.js";
import type { ValuedGraph } from "./fold.js";

const products = new Set(["conv2d", "depthwise_conv2d", "dense"]);

/**
 * Brings the channels of a relu to the proportions that the norm behind it gives them. Activations have one scale for all channels: a
 * channel that is small before the norm and made large by it would have a few steps only. A factor above 0 passes through relu, so that of
 * the norm is moved into the weights and bias in front, which have a scale for each channel. Norms are depthwise products of one place
 * (`normAsProduct`), whose factors become 1 or -1. (As equalization in Nagel et al. 2019, arXiv 1906.04721, without looking at ranges.)
 */
export function levelChannels({ graph, parameters }: ValuedGraph): ValuedGraph {
  const values = new Map(parameters);
  const names = new Map(graph.parameters.map((p) => [p.value, p.name]));
  const dataOf = (value: Value | undefined): Float32Array | undefined => {
    const data: ParameterData | undefined = value && values.get(names.get(value) ?? "");
    return data instanceof Float32Array ? data : undefined;
  };
  const { soleMaker, usesOf } = usesIn(graph);
  for (const norm of graph.nodes) {
    const kernel = normKernel(norm, dataOf);
    const place = kernel && productBefore(norm.inputs[0] as Value, kernel.length, soleMaker);
    if (!kernel || !place) continue;
    const scaled = [place.weight, ...(place.bias ? [place.bias] : [])];
    const contents = scaled.map(dataOf);
    if (usesOf(norm.inputs[1] as Value) !== 1 || scaled.some((v, i) => contents[i] === undefined || usesOf(v) !== 1)) continue;
    const factors = kernel.map((k) => (k === 0 ? 1 : Math.abs(k)));
    scaled.forEach((value, i) =>
      values.set(
        names.get(value) as string,
        (contents[i] as Float32Array).map((w, j) => w * (factors[j % factors.length] as number)),
      ),
    );
    values.set(
      names.get(norm.inputs[1] as Value) as string,
      kernel.map((k, c) => k / (factors[c] as number)),
    );
  }
  return { graph, parameters: values };
}

/** Uses of each value, and the node that made one which is used once. */
function usesIn(graph: Graph) {
  const made = new Map<Value, Node>();
  const uses = new Map<Value, number>();
  const count = (value: Value): unknown => uses.set(value, (uses.get(value) ?? 0) + 1);
  for (const node of graph.nodes) {
    for (const output of node.outputs) made.set(output, node);
    node.inputs.forEach(count);
  }
  for (const { value } of graph.outputs) count(value);
  for (const { output } of graph.states) count(output);
  const usesOf = (value: Value): number => uses.get(value) ?? 0;
  const soleMaker = (value: Value): Node | undefined => (usesOf(value) === 1 ? made.get(value) : undefined);
  return { soleMaker, usesOf };
}

/** The factors of a depthwise product of one place. */
function normKernel(node: Node, dataOf: (value: Value | undefined) => Float32Array | undefined): Float32Array | undefined {
  const shape = node.inputs[1]?.type.shape;
  if (node.op !== "depthwise_conv2d" || shape?.length !== 4 || shape[0] !== 1 || shape[1] !== 1 || shape[3] !== 1)
    return undefined;
  return dataOf(node.inputs[1]);
}

/** Weights and bias of a product that leads through a relu, and a reshape that keeps the channels last, to this value alone. */
function productBefore(
  value: Value,
  channels: number,
  soleMaker: (value: Value) => Node | undefined,
): { weight: Value; bias: Value | undefined } | undefined {
  let node = soleMaker(value);
  if (node?.op === "reshape" && node.inputs[0]?.type.shape.at(-1) === channels) node = soleMaker(node.inputs[0]);
  if (node?.op !== "relu") return undefined;
  const before = soleMaker(node.inputs[0] as Value);
  if (!before) return undefined;
  if (products.has(before.op)) return { weight: before.inputs[1] as Value, bias: undefined };
  const [sum, bias] = before.op === "add" ? before.inputs : [];
  const product = sum && soleMaker(sum);
  const fits = bias && sizeOf(bias.type.shape) === channels && bias.type.shape.at(-1) === channels;
  if (!product || !products.has(product.op) || !fits) return undefined;
  return { weight: product.inputs[1] as Value, bias };
}
