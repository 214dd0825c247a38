import { RandomStream } from "../../src/base/random.js";
import type { ModelOptions, ModelShape } from "../../src/zoo/index.js";

/** A network with options that nobody published. */
export interface DrawnNetwork {
  readonly name: string;
  readonly options: ModelOptions;
  readonly shape: ModelShape;
}

type Pair = [number, number];

class Draw {
  readonly #random: RandomStream;

  constructor(seed: number) {
    this.#random = new RandomStream(seed, 61);
  }

  whole(low: number, high: number): number {
    return low + Math.floor(this.#random.uniform() * (high - low + 1));
  }

  of<T>(...choices: readonly T[]): T {
    return choices[this.whole(0, choices.length - 1)] as T;
  }

  list<T>(length: number, item: (i: number) => T): T[] {
    return Array.from({ length }, (_, i) => item(i));
  }

  width = (): number => this.of(1, 2, 3, 5, 7, 8, 9, 12, 13, 17);
  kernel = (): number => this.of(1, 2, 3, 3, 4, 5, 7);
  stride = (): number => this.of(1, 1, 2, 3);
  dilation = (): number => this.of(1, 1, 2, 3);
  flag = (): number => this.whole(0, 1);
  rate = (): number => this.of(0, 0.2);
  activation = (): string => this.of("relu", "relu", "linear", "relu6", "sigmoid", "tanh", "swish");
  kernels = (): Pair => [this.kernel(), this.of(1, 2, 3)];
  strides = (): Pair => [this.stride(), this.stride()];

  /** Layers over a frame or a clip: widths and activations. */
  dense(place: 1 | 2): ModelOptions {
    const layers = this.whole(0, 2);
    return { [`units${place}`]: this.list(layers, this.width), [`act${place}`]: this.list(layers, this.activation) };
  }

  convolutions(layers: number): ModelOptions {
    return {
      cnnFilters: this.list(layers, this.width),
      cnnKernelSize: this.list(layers, this.kernels),
      cnnAct: this.list(layers, this.activation),
      cnnDilationRate: this.list(layers, (): Pair => [this.dilation(), this.of(1, 2)]),
      cnnStrides: this.list(layers, this.strides),
    };
  }

  edgeml(): ModelOptions {
    const nonlinearity = () => this.of("sigmoid", "tanh", "quantSigm", "quantTanh", "quantSigm4", "relu");
    return {
      numLayers: this.whole(1, 2),
      hiddenUnits: this.of(3, 5, 8, 12),
      wRank: this.of(0, 2),
      uRank: this.of(0, 2),
      gateNonlinearity: this.of("sigmoid", "quantSigm", "quantSigm4"),
      updateNonlinearity: nonlinearity(),
      normalize: this.flag(),
    };
  }
}

/** How the options of each network are drawn; what is left out has its default. */
const drawers: Readonly<Record<string, (d: Draw) => ModelOptions>> = {
  "kws_streaming/cnn": (d) => ({ revision: d.of("2022", "2021"), ...d.convolutions(d.whole(0, 2)), ...d.dense(2) }),
  "kws_streaming/crnn": (d) => ({ ...d.convolutions(d.whole(0, 2)), gruUnits: [d.width()], stateful: d.flag(), ...d.dense(1) }),
  "kws_streaming/ds_cnn": (d) => {
    const layers = d.whole(0, 2);
    return {
      cnn1KernelSize: d.kernels(),
      cnn1Strides: d.strides(),
      cnn1Padding: d.of("valid", "same"),
      cnn1Filters: d.width(),
      bnScale: d.flag(),
      dw2KernelSize: d.list(layers, d.kernels),
      dw2DilationRate: d.list(layers, (): Pair => [d.dilation(), 1]),
      dw2Strides: d.list(layers, d.strides),
      dw2Padding: d.of("valid", "same"),
      dw2Act: d.list(layers, d.activation),
      cnn2Filters: d.list(layers, d.width),
      cnn2Act: d.list(layers, d.activation),
    };
  },
  "kws_streaming/ds_tc_resnet": (d) => {
    const blocks = d.whole(1, 3);
    return {
      activation: d.activation(),
      dsFilters: d.list(blocks, d.width),
      dsRepeat: d.list(blocks, () => d.whole(1, 2)),
      dsFilterSeparable: d.list(blocks, d.flag),
      dsResidual: d.list(blocks, () => 0),
      dsPadding: d.list(blocks, () => d.of("same", "causal", "valid")),
      dsKernelSize: d.list(blocks, () => d.of(0, 1, 2, 3, 5)),
      dsStride: d.list(blocks, d.stride),
      dsDilation: d.list(blocks, d.dilation),
      dsPool: d.list(blocks, () => d.of(1, 1, 2)),
      dsMaxPool: d.flag(),
    };
  },
  "kws_streaming/svdf": (d) => {
    const layers = d.whole(0, 3);
    return {
      svdfMemorySize: d.list(layers, d.kernel),
      svdfUnits1: d.list(layers, d.width),
      svdfAct: d.list(layers, d.activation),
      svdfUnits2: d.list(layers, () => d.of(-1, 0, 3, 8)),
      svdfDropout: d.list(layers, d.rate),
      svdfPad: d.flag(),
      ...d.dense(2),
    };
  },
  "kws_streaming/lstm": (d) => ({
    lstmUnits: [d.of(5, 8, 13)],
    numProj: [d.of(0, 3, 8)],
    usePeepholes: d.flag(),
    cellClip: d.of(0, 0.1, 3),
    projClip: d.of(0, 0.1),
    stateful: d.flag(),
    ...d.dense(1),
  }),
  "kws_streaming/att_rnn": (d) => ({
    ...d.convolutions(1),
    rnnLayers: d.whole(0, 1),
    rnnType: d.of("gru", "lstm"),
    rnnUnits: d.width(),
    ...d.dense(2),
  }),
  "kws_streaming/dnn": (d) => ({ ...d.dense(1), poolSize: d.of(1, 2, 3), strides: d.of(1, 2, 3), ...d.dense(2) }),
  "hello_edge/dnn": (d) => ({ modelSizeInfo: d.list(d.whole(1, 3), d.width) }),
  "hello_edge/ds_cnn": (d) => {
    const layers = d.whole(1, 3);
    const sizes = d.list(layers, () => [d.width(), ...d.kernels(), ...d.strides()]);
    return { modelSizeInfo: [layers, ...sizes.flat()], bias: d.flag(), gamma: d.flag() };
  },
  "edgeml/fastgrnn": (d) => d.edgeml(),
  "edgeml/fastrnn": (d) => d.edgeml(),
  "edgeml/gru": (d) => d.edgeml(),
  "speechrec/resnet18": (d) => ({ channels: d.list(d.whole(1, 2), d.width), blocks: 1 }),
  "micro_wake_word/mixednet": (d) => ({
    pointwiseFilters: [d.of(5, 8, 13)],
    repeatInBlock: [d.whole(1, 2)],
    mixconvKernelSizes: [d.list(d.whole(1, 3), d.kernel).toSorted((a, b) => a - b)],
    residualConnection: [d.flag()],
    firstConvFilters: d.of(5, 8),
    firstConvKernelSize: d.kernel(),
    stride: d.stride(),
    pooled: d.flag(),
    maxPool: d.flag(),
  }),
  "earshot/phrase_net": (d) => ({
    bodies: d.list(d.whole(1, 2), () => d.of("plain", "levelled")),
    filters: d.width(),
    firstKernel: d.kernel(),
    firstStride: d.stride(),
    kernels: [d.kernel()],
    dilations: [d.dilation()],
    headFilters: d.width(),
    headKernels: [d.kernel()],
    headDilations: [d.dilation()],
    phrases: d.of([], ["y eh s"], ["y eh s", "n ow"]),
  }),
};

/** The network of a seed: every architecture of the list in turn. */
export function drawnNetwork(seed: number): DrawnNetwork {
  const d = new Draw(seed);
  const names = Object.keys(drawers);
  const name = names[seed % names.length] as string;
  const options = (drawers[name] as (draw: Draw) => ModelOptions)(d);
  return { name, options, shape: { frames: d.whole(9, 30), features: d.of(3, 8, 13), labels: d.of(2, 3, 12) } };
}

/** How many architectures there are. */
export const drawnArchitectures = Object.keys(drawers).length;
