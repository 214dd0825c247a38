import type { ForeignTensor } from "../foreign_tensor.js";
import type { FrozenGraph, Source } from "./frozen_graph.js";
import type { GraphNode } from "./graph_def.js";
import { matchPattern, op } from "./pattern.js";
import { type RecurrentLoop, readRecurrentLoop } from "./recurrent_cells.js";

/** Moving statistics and what is applied behind them, one value a channel. */
export interface FrozenNorm {
  readonly gamma: Float32Array;
  readonly beta: Float32Array;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
  readonly epsilon: number;
}

/** A layer of a frozen network with what stands behind it. */
export interface FrozenLayer {
  readonly kind: "convolution" | "depthwise" | "dense" | "recurrent" | "average" | "max" | "features";
  /** The node that computes it. */
  readonly node: GraphNode;
  readonly kernel?: ForeignTensor;
  /** In time and frequency. */
  readonly strides?: readonly [number, number];
  /** "SAME" or "VALID". */
  readonly padding?: string;
  /** Size of a pooling window in time and frequency. */
  readonly window?: readonly [number, number];
  readonly loop?: RecurrentLoop;
  readonly bias?: Float32Array;
  readonly norm?: FrozenNorm;
  readonly relu?: boolean;
}

type Behind = Pick<FrozenLayer, "bias" | "norm" | "relu">;

/** Nodes that change no number. */
const passive = new Set(["Reshape", "Squeeze", "Identity", "StopGradient", "CheckNumerics", "PlaceholderWithDefault"]);
/** Most layers. */
const mostLayers = 1 << 10;

/**
 * The layers of a frozen network, a chain, from the features to the logits.
 * @returns the first one is what makes the features: Mfcc, or the placeholder of a graph without front end
 * @throws FormatError naming the node that is none of a network of the zoo
 */
export function frozenLayers(graph: FrozenGraph): FrozenLayer[] {
  const layers: FrozenLayer[] = [];
  let at = logitsOf(graph);
  for (;;) {
    const { layer, from } = layerAt(graph, at);
    layers.unshift(layer);
    if (layers.length > mostLayers) graph.refuse(layer.node, `more than ${mostLayers} layers`);
    if (!from) return layers;
    at = from;
  }
}

/** What goes into the last softmax; without one, what no other node takes. */
function logitsOf(graph: FrozenGraph): Source {
  const softmax = [...graph.nodes.values()].findLast((node) => node.op === "Softmax");
  if (softmax) return graph.source(softmax, 0);
  const taken = new Set(
    [...graph.nodes.values()].flatMap(({ inputs }) => inputs.map((input) => input.replace(/^\^|:\d+$/g, ""))),
  );
  const last = [...graph.nodes.values()].filter((node) => !taken.has(node.name) && node.op !== "Const");
  const [only] = last;
  if (only && last.length === 1) return { node: only, output: 0 };
  return graph.refuse("outputs", `${last.length} nodes that none takes and no softmax`);
}

function layerAt(graph: FrozenGraph, start: Source): { layer: FrozenLayer; from?: Source } {
  let behind: Behind = {};
  for (let at = start; ; ) {
    const { node } = at;
    const step = passive.has(node.op) ? { from: graph.source(node, 0) } : elementwise(graph, at, behind);
    if (!step) return product(graph, node, behind);
    at = step.from;
    behind = { ...behind, ...step.found };
  }
}

/** ReLU, batch norm and bias, in this order from behind. */
function elementwise(graph: FrozenGraph, at: Source, behind: Behind): { from: Source; found?: Behind } | undefined {
  const { node } = at;
  if (node.op === "Relu") {
    if (behind.relu === true || behind.norm || behind.bias) graph.refuse(node, "a ReLU where none is expected");
    return { from: graph.source(node, 0), found: { relu: true } };
  }
  const norm = normAt(graph, at);
  if (norm) {
    if (behind.norm || behind.bias) graph.refuse(node, "a batch norm where none is expected");
    return { from: norm.from, found: { norm: norm.norm } };
  }
  if (node.op !== "BiasAdd" && node.op !== "Add" && node.op !== "AddV2") return undefined;
  if (behind.bias) graph.refuse(node, "a second bias");
  return { from: graph.source(node, 0), found: { bias: graph.weights(node, 1, 1).data } };
}

const factor = op("Mul", op("Rsqrt", op("Add", "variance", "epsilon")), "gamma");
/** tf.nn.batch_normalization: x * m + (beta - mean * m), m = gamma / sqrt(variance + epsilon). */
const unfusedNorm = op("Add", op("Mul", "x", factor), op("Sub", "beta", op("Mul", "mean", factor)));

function normAt(graph: FrozenGraph, at: Source): { from: Source; norm: FrozenNorm } | undefined {
  const { node } = at;
  if (/^FusedBatchNorm(V2|V3)?$/.test(node.op)) {
    if (node.attributes.get("is_training") === true)
      graph.refuse(node, "a batch norm in training", "freeze the graph for inference");
    const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((i) => graph.weights(node, i, 1).data) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    return { from: graph.source(node, 0), norm: { gamma, beta, mean, variance, epsilon: graph.number(node, "epsilon") } };
  }
  const found = matchPattern(graph, at, unfusedNorm);
  if (!found) return undefined;
  const values = (name: string): Float32Array => {
    const value = graph.constant(found.get(name) as Source);
    return value?.data instanceof Float32Array ? value.data : graph.refuse(node, `the ${name} of its batch norm is not constant`);
  };
  const norm = {
    gamma: values("gamma"),
    beta: values("beta"),
    mean: values("mean"),
    variance: values("variance"),
    epsilon: values("epsilon")[0] ?? 0,
  };
  return { from: found.get("x") as Source, norm };
}

function product(graph: FrozenGraph, node: GraphNode, behind: Behind): { layer: FrozenLayer; from?: Source } {
  const from = (): Source => graph.source(node, 0);
  switch (node.op) {
    case "Conv2D":
      return {
        layer: { kind: "convolution", node, kernel: graph.weights(node, 1, 4), ...windowed(graph, node), ...behind },
        from: from(),
      };
    case "DepthwiseConv2dNative":
      return {
        layer: { kind: "depthwise", node, kernel: graph.weights(node, 1, 4), ...windowed(graph, node), ...behind },
        from: from(),
      };
    case "MatMul":
      if (node.attributes.get("transpose_a") === true || node.attributes.get("transpose_b") === true)
        return graph.refuse(node, "a transposed product");
      return { layer: { kind: "dense", node, kernel: graph.weights(node, 1, 2), ...behind }, from: from() };
    case "AvgPool":
    case "MaxPool": {
      const window = timeAndFrequency(graph, node, "ksize");
      return {
        layer: { kind: node.op === "AvgPool" ? "average" : "max", node, window, ...windowed(graph, node), ...behind },
        from: from(),
      };
    }
    case "Exit": {
      const loop = readRecurrentLoop(graph, node);
      return { layer: { kind: "recurrent", node, loop, ...behind }, from: loop.sequence };
    }
    case "Mfcc":
    case "Placeholder":
      return { layer: { kind: "features", node, ...behind } };
    default:
      return graph.refuse(node, "this operator stands in no network of Hello Edge");
  }
}

function windowed(graph: FrozenGraph, node: GraphNode): Pick<FrozenLayer, "strides" | "padding"> {
  const padding = node.attributes.get("padding");
  if (padding !== "SAME" && padding !== "VALID") return graph.refuse(node, "neither SAME nor VALID padding");
  const format = node.attributes.get("data_format") ?? "NHWC";
  if (format !== "NHWC") return graph.refuse(node, `data format ${String(format).slice(0, 20)} instead of NHWC`);
  return { padding, strides: timeAndFrequency(graph, node, "strides") };
}

/** The middle two of four sizes. */
function timeAndFrequency(graph: FrozenGraph, node: GraphNode, key: string): [number, number] {
  const sizes = node.attributes.get(key);
  if (!Array.isArray(sizes) || sizes.length !== 4 || sizes[0] !== 1 || sizes[3] !== 1)
    return graph.refuse(node, `attribute ${key} is not [1, time, frequency, 1]`);
  return [sizes[1], sizes[2]];
}
