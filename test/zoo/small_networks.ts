import type { ModelOptions } from "../../src/zoo/index.js";

type SmallNetwork = readonly [name: string, options: ModelOptions];

/** A small network of each architecture of kws_streaming that is not among the other tests. */
const ofKwsStreaming: readonly SmallNetwork[] = [
  ["kws_streaming/gru", { gruUnits: [12, 8], returnSequences: [1, 0], stateful: 0, units1: [16, 16] }],
  ["kws_streaming/gru", { gruUnits: [12], resetAfter: 0, stateful: 0, units1: [16, 16] }],
  ["kws_streaming/lstm", { lstmUnits: [16], numProj: [8], stateful: 0, dropout1: 0.1 }],
  ["kws_streaming/lstm", { lstmUnits: [12], usePeepholes: 0, cellClip: 3, stateful: 0 }],
  ["kws_streaming/dnn", { units1: [12, 16], units2: [16, 16] }],
  [
    "kws_streaming/cnn",
    {
      cnnFilters: [8, 8],
      cnnKernelSize: [
        [3, 3],
        [4, 3],
      ],
      cnnAct: ["relu", "relu"],
      cnnDilationRate: [
        [1, 1],
        [2, 1],
      ],
      cnnStrides: [
        [2, 2],
        [1, 1],
      ],
      units2: [16, 16],
      dropout1: 0.1,
    },
  ],
  [
    "kws_streaming/ds_cnn",
    {
      cnn1Filters: 12,
      dw2KernelSize: [
        [3, 3],
        [5, 3],
      ],
      dw2DilationRate: [
        [1, 1],
        [2, 2],
      ],
      dw2Strides: [
        [1, 1],
        [1, 1],
      ],
      dw2Act: ["relu", "relu"],
      cnn2Filters: [24, 32],
      cnn2Act: ["relu", "relu"],
      dropout1: 0.05,
    },
  ],
  ["kws_streaming/tc_resnet", { channels: [12, 16, 16], kernelSize: [5, 1] }],
  [
    "kws_streaming/ds_tc_resnet",
    {
      dsFilters: [12, 12, 16],
      dsRepeat: [1, 2, 1],
      dsFilterSeparable: [1, 1, 0],
      dsResidual: [0, 1, 0],
      dsPadding: ["causal", "same", "same"],
      dsKernelSize: [5, 3, 3],
      dsStride: [1, 1, 1],
      dsDilation: [1, 2, 1],
      dsPool: [1, 2, 1],
    },
  ],
  [
    "kws_streaming/bc_resnet",
    {
      dropouts: [0.1, 0.1],
      filters: [6, 8],
      blocksN: [1, 1],
      strides: [
        [1, 1],
        [1, 2],
      ],
      dilations: [
        [1, 1],
        [2, 1],
      ],
      paddings: "causal",
      firstFilters: 8,
      lastFilters: 12,
      pools: [1, 2],
    },
  ],
  ["kws_streaming/att_rnn", { cnnFilters: [4, 1], rnnUnits: 8, units2: [16, 16], rnnLayers: 1 }],
  ["kws_streaming/att_mh_rnn", { cnnFilters: [4, 1], rnnUnits: 8, units2: [16, 16], rnnLayers: 1, rnnType: "lstm", heads: 2 }],
  [
    "kws_streaming/svdf_resnet",
    {
      block1MemorySize: [3],
      block2MemorySize: [4, 4],
      block3MemorySize: [3],
      block1Units1: [12],
      block2Units1: [12, 16],
      block3Units1: [16],
      svdfDropout: 0.1,
      units2: [16],
    },
  ],
  [
    "kws_streaming/mobilenet",
    {
      cnn1Filters: 12,
      dsKernelSize: [
        [3, 1],
        [3, 1],
      ],
      dsStrides: [
        [2, 2],
        [1, 1],
      ],
      cnnFilters: [12, 16],
    },
  ],
  [
    "kws_streaming/mobilenet_v2",
    {
      cnn1Filters: 12,
      dsKernelSize: [
        [3, 1],
        [3, 1],
      ],
      cnnStrides: [
        [1, 1],
        [2, 2],
      ],
      cnnFilters: [12, 16],
      cnnExpansions: [1.5, 1.5],
    },
  ],
  [
    "kws_streaming/inception",
    { cnn1Filters: [12], cnn2Filters1: [6, 6], cnn2Filters2: [8, 10], cnn2KernelSizes: [3, 5], cnn2Strides: [2, 1] },
  ],
  [
    "kws_streaming/inception_resnet",
    {
      cnn1Filters: [12],
      cnn2Scales: [0.5, 1],
      cnn2FiltersBranch0: [6, 6],
      cnn2FiltersBranch1: [6, 6],
      cnn2FiltersBranch2: [8, 10],
      cnn2Strides: [2, 1],
      cnn2KernelSizes: [3, 5],
    },
  ],
  [
    "kws_streaming/xception",
    {
      cnn1Filters: [12],
      cnn2Filters: [12, 8],
      cnn2KernelSizes: [5, 3],
      cnn3Filters: [12],
      cnn4Filters: [],
      cnn4KernelSizes: [],
      stride3: 1,
      stride4: 1,
    },
  ],
];

/** The same of Hello Edge. */
const ofHelloEdge: readonly SmallNetwork[] = [
  ["hello_edge/basic_lstm", { modelSizeInfo: [12] }],
  ["hello_edge/lstm", { modelSizeInfo: [8, 12] }],
  ["hello_edge/gru", { modelSizeInfo: [2, 10] }],
  ["hello_edge/crnn", { modelSizeInfo: [6, 8, 4, 2, 2, 2, 8, 16] }],
  ["hello_edge/single_fc", {}],
  ["hello_edge/conv", {}],
  ["hello_edge/low_latency_conv", {}],
  ["hello_edge/low_latency_svdf", {}],
];

/** The same of EdgeML: full and low rank, one layer and more, all nonlinearities. */
const ofEdgeml: readonly SmallNetwork[] = [
  ["edgeml/fastgrnn", { hiddenUnits: 16, numLayers: 2 }],
  ["edgeml/fastgrnn", { hiddenUnits: 16, wRank: 6, uRank: 5, gateNonlinearity: "quantSigm", updateNonlinearity: "quantTanh" }],
  ["edgeml/fastrnn", { hiddenUnits: 12, uRank: 6, normalize: true }],
  ["edgeml/ugrnn", { hiddenUnits: 12, wRank: 5, gateNonlinearity: "quantSigm4" }],
  ["edgeml/gru", { hiddenUnits: 10, uRank: 4, numLayers: 3, hiddenUnits2: 9, hiddenUnits3: 8 }],
  ["edgeml/lstm", { hiddenUnits: 10, wRank: 4, uRank: 6 }],
];

/** The same of SpeechRec. */
const ofSpeechrec: readonly SmallNetwork[] = [
  ["speechrec/resnet18", { channels: [6, 8, 10], blocks: 1 }],
  ["speechrec/mobilenetv2", { dropout: 0.1 }],
  ["speechrec/shufflenetv2", { channels: [8, 12, 16, 32], repeats: [2, 1] }],
];

/** The same of MLPerf Tiny and microWakeWord. */
const ofWakeWords: readonly SmallNetwork[] = [
  ["mlperf_tiny/streaming_wakeword", { kernelSizes: [3, 5, 8], filters: [12, 12, 16] }],
  [
    "micro_wake_word/mixednet",
    {
      pointwiseFilters: [12, 12],
      repeatInBlock: [1, 1],
      mixconvKernelSizes: [[3], [3]],
      residualConnection: [0, 0],
      firstConvFilters: 8,
    },
  ],
  [
    "micro_wake_word/mixednet",
    {
      pointwiseFilters: [9, 12],
      repeatInBlock: [2, 1],
      mixconvKernelSizes: [[3, 5], [4]],
      residualConnection: [1, 0],
      firstConvFilters: 10,
      firstConvKernelSize: 3,
      stride: 1,
      pooled: 1,
    },
  ],
];

/** A small network of each architecture: [name, options]; 24 frames of 20 features. */
export const smallNetworks: readonly SmallNetwork[] = [
  ...ofKwsStreaming,
  ...ofHelloEdge,
  ...ofEdgeml,
  ...ofSpeechrec,
  ...ofWakeWords,
];

/** Shape of the small networks. */
export const smallShape = { frames: 24, features: 20, labels: 12 };
