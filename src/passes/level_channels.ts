import { type Node, type ParameterData, sizeOf, type Value } from "../graph/types.js";
import { valueUses } from "../graph/uses.js";
import { layerProducts, type ValuedGraph } from "./fold.js";

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
  const { soleMaker, usesOf } = valueUses(graph);
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
  if (layerProducts.has(before.op)) return { weight: before.inputs[1] as Value, bias: undefined };
  const [sum, bias] = before.op === "add" ? before.inputs : [];
  const product = sum && soleMaker(sum);
  const fits = bias && sizeOf(bias.type.shape) === channels && bias.type.shape.at(-1) === channels;
  if (!product || !layerProducts.has(product.op) || !fits) return undefined;
  return { weight: product.inputs[1] as Value, bias };
}
