import type { Graph, Value } from "../graph/types.js";
import { productChains } from "./quantize_chain.js";
import { activationScale, type Range } from "./quantize_scale.js";
import { GraphRebuilder } from "./rebuild.js";

/** Ops whose results have their input's scale, or that do nothing. */
const moving = new Set(["reshape", "transpose", "slice", "pad", "unslice", "zeros", "dropout", "scan"]);

/** Weights get a scale for each channel; too small to matter where a channel is all zeros. */
const smallest = 1e-12;

/**
 * The graph with the roundings of its quantized form, for fine-tuning: weights in 8 bits with a scale for each channel, which follows them;
 * inputs and results of products and element-wise ops at the scales of their ranges. Parameters keep their names. Values within scans are
 * left as they are.
 * @param graph as `prepareForQuantization` gives it
 */
export function fakeQuantize(graph: Graph, ranges: ReadonlyMap<Value, Range>): Graph {
  const parameters = new Set(graph.parameters.map((p) => p.value));
  const chains = productChains(graph, (value) => parameters.has(value));
  const rebuilder = new GraphRebuilder(graph);
  const round = (value: Value): void => {
    const range = ranges.get(value);
    if (!range) return;
    const { scale, zeroPoint } = activationScale(range, "i8");
    const attributes = { scale, low: -128 - zeroPoint, high: 127 - zeroPoint };
    rebuilder.set(value, rebuilder.op("fake_quantize", [rebuilder.get(value)], attributes));
  };
  for (const { value } of graph.parameters) {
    const { shape } = value.type;
    if (shape.length < 2) continue;
    const depthwise = graph.nodes.some((n) => n.op === "depthwise_conv2d" && n.inputs[1] === value);
    const channel = depthwise ? 2 : shape.length - 1;
    const axes = shape.flatMap((_, i) => (i === channel ? [] : [i]));
    const weights = rebuilder.get(value);
    const largest = rebuilder.op("max", [rebuilder.op("abs", [weights])], { axes, keep: true });
    const scale = rebuilder.op("affine", [largest], { scale: 1 / 127, offset: smallest });
    rebuilder.set(value, rebuilder.op("fake_quantize", [weights, scale], { low: -127, high: 127 }));
  }
  for (const { value } of graph.inputs) round(value);
  /** Results inside a chain, which the integer op never stores. */
  const inner = new Set<Value>();
  for (const { product, rest, result } of chains.values())
    for (const node of [product, ...rest]) for (const value of node.outputs) if (value !== result) inner.add(value);
  for (const node of graph.nodes) {
    rebuilder.copy(node);
    if (moving.has(node.op)) continue;
    for (const value of node.outputs) if (!inner.has(value)) round(value);
  }
  return rebuilder.finish();
}
