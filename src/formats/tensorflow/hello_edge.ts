import { describeFrontend, featureShape, type FrontendDescription } from "../../frontend/frontend.js";
import { type Graph, sizeOf } from "../../graph/types.js";
import { type ModelOptions, zooModels } from "../../zoo/index.js";
import type { ForeignModel } from "../import/foreign_model.js";
import type { FrozenGraph } from "./frozen_graph.js";
import { type FrozenLayer, frozenLayers } from "./frozen_layers.js";
import { recurrentLayers, type Values } from "./hello_edge_recurrent.js";

/** Hertz; a graph does not say it. */
const rate = 16_000;
/** Of all batch norms of Hello Edge. */
const epsilon = 0.001;

/** A network that the layers of a file are one of: options, and where the weights belong. */
interface Recognised {
  readonly network: string;
  readonly options: ModelOptions;
  readonly values: Values;
}

/**
 * Recognises a frozen graph of 2017 as a network of Hello Edge.
 * @throws FormatError naming the node that does not fit, or the layers where they are those of no network
 */
export function importFrozenGraph(graph: FrozenGraph): ForeignModel {
  const [input, ...layers] = frozenLayers(graph) as [FrozenLayer, ...FrozenLayer[]];
  const kinds = layers.map(({ kind }) => kind).join(" ");
  const recognise = networks.find(([pattern]) => pattern.test(kinds))?.[1];
  if (!recognise) return graph.refuse("network", `its layers are ${kinds}`);
  const recognised = recognise(graph, layers);
  const known = published(recognised);
  const { frontend, samples } = frontendOf(graph, input);
  const labels = widthOf(layers.at(-1) as FrozenLayer);
  requireFrames(graph, layers, frontend, samples);
  return {
    format: "tensorflow_graph",
    tensors: new Map(),
    network: known,
    placed: {
      labels,
      recognise: () => ({ ...known, labels }),
      place: (built, network) => checked(graph, network, built, recognised.values),
    },
    ...(frontend ? { frontend, samples, rate } : {}),
  };
}

/** The name of a published network instead of its sizes. */
function published({ network, options }: Recognised): { name: string; options: ModelOptions } {
  const { modelSizeInfo, ...others } = options;
  const sizes = JSON.stringify(modelSizeInfo);
  const known = zooModels.find(
    (model) => model.architecture === network && JSON.stringify(model.options["modelSizeInfo"]) === sizes,
  );
  return known ? { name: known.name, options: others } : { name: network, options };
}

/** Every parameter must have a value of its size, and every value a parameter. */
function checked(graph: FrozenGraph, network: string, built: Graph, values: Values): Map<string, Float32Array> {
  const parameters = new Map(values);
  const place = `network ${network}`;
  for (const { name, value } of built.parameters) {
    const found = parameters.get(name)?.length;
    if (found !== sizeOf(value.type.shape))
      graph.refuse(place, `the file has ${found ?? "no"} weights for ${name} of shape [${value.type.shape.join(",")}]`, remedy);
  }
  for (const name of parameters.keys())
    if (!built.parameters.some((parameter) => parameter.name === name))
      graph.refuse(place, `the file has weights for ${name}, which the network has not`, remedy);
  return parameters;
}

const remedy = "leave out --network and --option: the graph says what it is";

/** By the kinds of the layers: which network it is. */
const networks: readonly [RegExp, (graph: FrozenGraph, layers: readonly FrozenLayer[]) => Recognised][] = [
  [/^dense$/, singleFc],
  [/^dense( dense)+$/, dnn],
  [/^convolution convolution dense dense dense$/, cnn],
  [/^convolution( depthwise convolution)+ average dense$/, dsCnn],
  [/^recurrent dense$/, recurrent],
  [/^convolution recurrent dense dense$/, crnn],
  [/^convolution max convolution dense$/, conv],
  [/^convolution dense dense dense$/, lowLatencyConv],
];

/** What must stand behind a layer, and how it pads and steps. */
interface Expected {
  readonly relu: boolean;
  readonly norm?: boolean;
  readonly padding?: "SAME" | "VALID";
  readonly strides?: readonly [number, number];
}

function expect(graph: FrozenGraph, layer: FrozenLayer, { relu, norm = false, padding, strides }: Expected): FrozenLayer {
  const { node } = layer;
  if ((layer.relu === true) !== relu) graph.refuse(node, relu ? "no ReLU stands behind it" : "a ReLU stands behind it");
  if ((layer.norm !== undefined) !== norm)
    graph.refuse(node, norm ? "no batch norm stands behind it" : "a batch norm stands behind it");
  if (layer.norm && Math.abs(layer.norm.epsilon - epsilon) > 1e-6)
    graph.refuse(node, `its batch norm has epsilon ${layer.norm.epsilon} instead of ${epsilon}`);
  if (padding !== undefined && layer.padding !== padding) graph.refuse(node, `${layer.padding} padding instead of ${padding}`);
  if (strides && strides.some((n, i) => n !== layer.strides?.[i]))
    graph.refuse(node, `strides of ${layer.strides} instead of ${strides}`);
  return layer;
}

/** Kernel, and bias where it has one. */
function weights(graph: FrozenGraph, path: string, { node, kernel, bias }: FrozenLayer): Values {
  if (!kernel) return graph.refuse(node, "has no weights");
  return [[`${path}.kernel`, kernel.data], ...(bias ? ([[`${path}.bias`, bias]] as Values) : [])];
}

function normWeights(path: string, { norm }: FrozenLayer, gamma: boolean): Values {
  if (!norm) return [];
  const values: Values = [
    [`${path}.mean`, norm.mean],
    [`${path}.variance`, norm.variance],
    [`${path}.beta`, norm.beta],
  ];
  return gamma ? [...values, [`${path}.gamma`, norm.gamma]] : values;
}

/** TF-slim's batch norm has factors of 1 that are no variables: then the network has none. */
function hasGamma(layers: readonly FrozenLayer[]): boolean {
  return layers.some(({ norm }) => norm?.gamma.some((factor) => factor !== 1));
}

const widthOf = ({ kernel }: FrozenLayer): number => kernel?.shape.at(-1) ?? 0;
const kernelSize = ({ kernel }: FrozenLayer): number[] => [...(kernel?.shape.slice(0, 2) ?? [])];

function singleFc(graph: FrozenGraph, [only]: readonly FrozenLayer[]): Recognised {
  return {
    network: "hello_edge/single_fc",
    options: {},
    values: weights(graph, "classifier", expect(graph, only as FrozenLayer, { relu: false })),
  };
}

/** The last layer of every network. */
function classifier(graph: FrozenGraph, layers: readonly FrozenLayer[]): Values {
  return weights(graph, "classifier", expect(graph, layers.at(-1) as FrozenLayer, { relu: false }));
}

function dnn(graph: FrozenGraph, layers: readonly FrozenLayer[]): Recognised {
  const hidden = layers.slice(0, -1);
  const values = hidden.flatMap((layer, i) => weights(graph, `hidden.${i}`, expect(graph, layer, { relu: true })));
  return {
    network: "hello_edge/dnn",
    options: { modelSizeInfo: hidden.map(widthOf) },
    values: [...values, ...classifier(graph, layers)],
  };
}

function cnn(graph: FrozenGraph, layers: readonly FrozenLayer[]): Recognised {
  const [first, second, bottleneck, hidden] = layers as [FrozenLayer, FrozenLayer, FrozenLayer, FrozenLayer, FrozenLayer];
  const gamma = hasGamma(layers);
  const convolutions = [first, second].flatMap((layer, i) => {
    expect(graph, layer, { relu: true, norm: true, padding: "VALID" });
    return [...weights(graph, `blocks.${i}.convolution`, layer), ...normWeights(`blocks.${i}.norm`, layer, gamma)];
  });
  expect(graph, bottleneck, { relu: false });
  expect(graph, hidden, { relu: true, norm: true });
  const sizes = [first, second].flatMap((layer) => [widthOf(layer), ...kernelSize(layer), ...(layer.strides ?? [])]);
  return {
    network: "hello_edge/cnn",
    options: {
      modelSizeInfo: [...sizes, widthOf(bottleneck), widthOf(hidden)],
      gamma,
      bias: first.bias !== undefined,
      momentum: 0.96,
    },
    values: [
      ...convolutions,
      ...weights(graph, "bottleneck", bottleneck),
      ...weights(graph, "hidden", hidden),
      ...normWeights("hidden.norm", hidden, gamma),
      ...classifier(graph, layers),
    ],
  };
}

function dsCnn(graph: FrozenGraph, layers: readonly FrozenLayer[]): Recognised {
  const gamma = hasGamma(layers);
  const [stem, ...pairs] = layers.slice(0, -2) as [FrozenLayer, ...FrozenLayer[]];
  const normed = { relu: true, norm: true, padding: "SAME" } as const;
  const sizes = [widthOf(stem), ...kernelSize(stem), ...(stem.strides ?? [])];
  const values = [...weights(graph, "stem.convolution", expect(graph, stem, normed)), ...normWeights("stem.norm", stem, gamma)];
  for (let i = 0; i < pairs.length; i += 2) {
    const depthwise = expect(graph, pairs[i] as FrozenLayer, normed);
    const pointwise = expect(graph, pairs[i + 1] as FrozenLayer, { ...normed, strides: [1, 1] });
    const path = `blocks.${i / 2}`;
    if (kernelSize(pointwise).some((n) => n !== 1))
      graph.refuse(pointwise.node, "a pointwise convolution of more than one place");
    sizes.push(widthOf(pointwise), ...kernelSize(depthwise), ...(depthwise.strides ?? []));
    values.push(...weights(graph, `${path}.depthwise`, depthwise), ...normWeights(`${path}.depthwise_norm`, depthwise, gamma));
    values.push(...weights(graph, `${path}.pointwise`, pointwise), ...normWeights(`${path}.pointwise_norm`, pointwise, gamma));
  }
  requireWholeMap(graph, layers);
  return {
    network: "hello_edge/ds_cnn",
    options: { modelSizeInfo: [1 + pairs.length / 2, ...sizes], gamma, bias: stem.bias !== undefined, momentum: 0.96 },
    values: [...values, ...classifier(graph, layers)],
  };
}

/** The average must be that of the whole map that is left. */
function requireWholeMap(graph: FrozenGraph, layers: readonly FrozenLayer[]): void {
  const pool = layers.at(-2) as FrozenLayer;
  let [time, frequency] = mapOf(graph);
  for (const { strides } of layers) {
    if (!strides) break;
    const isPool = strides === pool.strides;
    if (isPool) break;
    time = Math.ceil(time / strides[0]);
    frequency = Math.ceil(frequency / strides[1]);
  }
  if (pool.window?.[0] !== time || pool.window[1] !== frequency)
    graph.refuse(pool.node, `an average over ${pool.window} places of a map of ${time},${frequency}`);
}

/** Frames and features of each: the sizes of the first reshape that says them. */
function mapOf(graph: FrozenGraph): [number, number] {
  for (const node of graph.nodes.values()) {
    if (node.op !== "Reshape") continue;
    const sizes = [...(graph.constant(graph.source(node, 1))?.data ?? [])];
    const [batch, time, features, channels = 1] = sizes as [number, number, number, number?];
    if (sizes.length >= 3 && (batch === -1 || batch === 1) && channels === 1 && time > 0 && features > 0) return [time, features];
  }
  return graph.refuse("network", "no node says how many frames and features a clip has");
}

function recurrent(graph: FrozenGraph, layers: readonly FrozenLayer[]): Recognised {
  const { network, sizes, values } = recurrentLayers(graph, layers[0] as FrozenLayer);
  return {
    network: `hello_edge/${network}`,
    options: { modelSizeInfo: sizes },
    values: [...values, ...classifier(graph, layers)],
  };
}

function crnn(graph: FrozenGraph, layers: readonly FrozenLayer[]): Recognised {
  const [first, second, hidden] = layers as [FrozenLayer, FrozenLayer, FrozenLayer, FrozenLayer];
  expect(graph, first, { relu: true, padding: "VALID" });
  expect(graph, hidden, { relu: true });
  const { network, sizes: cells, values } = recurrentLayers(graph, second);
  if (network !== "gru") graph.refuse(second.node, "is no GRU");
  const sizes = [widthOf(first), ...kernelSize(first), ...(first.strides ?? []), ...cells, widthOf(hidden)];
  return {
    network: "hello_edge/crnn",
    options: { modelSizeInfo: sizes },
    values: [
      ...weights(graph, "convolution", first),
      ...values,
      ...weights(graph, "hidden", hidden),
      ...classifier(graph, layers),
    ],
  };
}

function conv(graph: FrozenGraph, layers: readonly FrozenLayer[]): Recognised {
  const [first, pool, second] = layers as [FrozenLayer, FrozenLayer, FrozenLayer, FrozenLayer];
  for (const layer of [first, second]) expect(graph, layer, { relu: true, padding: "SAME", strides: [1, 1] });
  expect(graph, pool, { relu: false, padding: "SAME", strides: [2, 2] });
  return {
    network: "hello_edge/conv",
    options: {},
    values: [
      ...weights(graph, "convolutions.0", first),
      ...weights(graph, "convolutions.1", second),
      ...classifier(graph, layers),
    ],
  };
}

function lowLatencyConv(graph: FrozenGraph, layers: readonly FrozenLayer[]): Recognised {
  const [first, ...hidden] = layers.slice(0, -1) as [FrozenLayer, FrozenLayer, FrozenLayer];
  expect(graph, first, { relu: true, padding: "VALID" });
  for (const layer of hidden) expect(graph, layer, { relu: false });
  return {
    network: "hello_edge/low_latency_conv",
    options: {},
    values: [
      ...weights(graph, "convolution", first),
      ...hidden.flatMap((layer, i) => weights(graph, `hidden.${i}`, layer)),
      ...classifier(graph, layers),
    ],
  };
}

/** Front end of the file: AudioSpectrogram and Mfcc behind DecodeWav. */
function frontendOf(graph: FrozenGraph, { node }: FrozenLayer): { frontend?: FrontendDescription; samples?: number } {
  if (node.op !== "Mfcc") return {};
  const spectrogram = graph.source(node, 0).node;
  if (spectrogram.op !== "AudioSpectrogram") return graph.refuse(spectrogram, "stands before Mfcc instead of AudioSpectrogram");
  const sound = graph.source(spectrogram, 0).node;
  if (sound.op !== "DecodeWav") return graph.refuse(sound, "stands before AudioSpectrogram instead of DecodeWav");
  const milliseconds = (key: string): number => (graph.number(spectrogram, key) * 1000) / rate;
  const frontend = describeFrontend({
    kind: "mfcc_op",
    windowMs: milliseconds("window_size"),
    strideMs: milliseconds("stride"),
    melBands: graph.number(node, "filterbank_channel_count"),
    lowerHertz: graph.number(node, "lower_frequency_limit"),
    upperHertz: graph.number(node, "upper_frequency_limit"),
    dctCoefficients: graph.number(node, "dct_coefficient_count"),
    magnitudeSquared: spectrogram.attributes.get("magnitude_squared") === true,
  });
  const samples = sound.attributes.get("desired_samples");
  return { frontend, samples: typeof samples === "number" && samples > 0 ? samples : rate };
}

/** The network must take what the front end gives. */
function requireFrames(
  graph: FrozenGraph,
  layers: readonly FrozenLayer[],
  frontend: FrontendDescription | undefined,
  samples: number | undefined,
): void {
  if (!frontend || samples === undefined) return;
  const made = featureShape(frontend, { samples, rate });
  const [first] = layers as [FrozenLayer];
  if (first.kind === "dense") {
    const values = first.kernel?.shape[0];
    if (values !== made.frames * made.features)
      graph.refuse(first.node, `${values} inputs for ${made.frames} frames of ${made.features} features`);
    return;
  }
  const [frames, features] = mapOf(graph);
  if (frames !== made.frames || features !== made.features)
    graph.refuse(
      first.node,
      `${frames} frames of ${features} features where the front end gives ${made.frames} of ${made.features}`,
    );
}
