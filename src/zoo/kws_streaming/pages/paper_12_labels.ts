import { describeFrontend, type FrontendDescription } from "../../../frontend/frontend.js";
import type { ZooModel } from "../../model.js";
import { published } from "./published.js";

function frontend(dctCoefficients: number): FrontendDescription {
  const common = { kind: "mfcc_tf", windowMs: 40, strideMs: 20, lowerHertz: 20, upperHertz: 7000 } as const;
  return describeFrontend({ ...common, melBands: 40, dctCoefficients });
}

const usual = frontend(20);
const ones = (count: number): [number, number][] => Array.from({ length: count }, () => [1, 1]);
const squares = (count: number): [number, number][] => Array.from({ length: count }, () => [3, 3]);

/** An LSTM without peepholes and projection, as an early state of the page has it. */
const plainLstm = { lstmUnits: [360], usePeepholes: false, numProj: [-1], units1: [128, 256], act1: ["linear", "relu"] };

/**
 * kws_streaming's page "paper_12_labels" (Rybakov et al. 2020, arXiv 2005.06720), without what page "quantized_12_labels" has, too. It
 * prints no accuracies. Its cnn is that of the code of 2021, which it was made with.
 */
export const paper12Labels: readonly ZooModel[] = [
  {
    name: "ds_cnn_stream",
    network: "ds_cnn",
    documentation: "no stride, no padding: it streams",
    frontend: usual,
  },
  {
    name: "ds_cnn_stride",
    network: "ds_cnn",
    documentation: "strides in time and frequency",
    options: {
      cnn1KernelSize: [10, 4],
      cnn1DilationRate: [1, 1],
      cnn1Strides: [2, 1],
      cnn1Padding: "same",
      dw2KernelSize: squares(5),
      dw2DilationRate: ones(5),
      dw2Strides: [[2, 2], ...ones(4)],
      dw2Padding: "same",
    },
    frontend: usual,
  },
  {
    name: "lstm_peep_state",
    network: "lstm",
    documentation: "peepholes and projection; its state goes on from clip to clip",
    frontend: usual,
  },
  {
    name: "lstm",
    network: "lstm",
    documentation: "without peepholes and projection",
    options: { ...plainLstm, stateful: false },
    frontend: usual,
  },
  {
    name: "lstm_state",
    network: "lstm",
    documentation: "without peepholes and projection; its state goes on from clip to clip",
    options: plainLstm,
    frontend: usual,
  },
  {
    name: "gru",
    network: "gru",
    documentation: "one layer of 400 units",
    options: { stateful: false },
    frontend: usual,
  },
  {
    name: "gru_state",
    network: "gru",
    documentation: "one layer of 400 units; its state goes on from clip to clip",
    frontend: usual,
  },
  {
    name: "kws_cnn",
    network: "cnn",
    documentation: "seven convolutions without stride: it streams",
    options: { revision: "2021", cnnStrides: ones(7) },
    frontend: usual,
  },
  {
    name: "cnn_stride",
    network: "cnn",
    documentation: "seven convolutions, strides in time and frequency",
    options: {
      revision: "2021",
      cnnFilters: [64, 64, 64, 128, 128, 128, 128],
      cnnKernelSize: [...squares(5), [3, 1], [3, 1]],
      cnnDilationRate: ones(7),
      cnnStrides: [[2, 1], [1, 1], [2, 2], ...ones(4)],
    },
    frontend: usual,
  },
  {
    name: "dnn_raw",
    network: "dnn_raw",
    documentation: "fully connected over frames of samples, then over the clip",
    frontend: describeFrontend({ kind: "frames", windowMs: 40, strideMs: 20 }),
  },
  {
    name: "att_rnn",
    network: "att_rnn",
    documentation: "two GRU layers in both directions, attention",
    frontend: usual,
  },
  {
    name: "tc_resnet",
    network: "tc_resnet",
    documentation: "six residual blocks over time",
    options: { channels: [50, 50, 50, 50, 50, 72, 72] },
    frontend: frontend(40),
  },
].map((model) => published("paper_12_labels", model));
