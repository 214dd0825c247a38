import { describeFrontend, type FrontendDescription } from "../../frontend/frontend.js";
import { frontendPreset } from "../../frontend/presets.js";
import type { PublishedFigures, ZooModel } from "../model.js";

const arm = frontendPreset("arm") as FrontendDescription & { kind: "mfcc_op" };

/** Front end of all published trainings; frames of 40 ms follow each other after 20 or 40 ms. */
function armFrontend(strideMs: number): FrontendDescription {
  return describeFrontend({ ...arm, strideMs });
}

/** Table 5 of the paper: test accuracy on Speech Commands v0.01, memory in KB, operations. */
const table: Readonly<Record<string, readonly [accuracy: string, memory: string, operations: string]>> = {
  dnn_s: ["84.6", "80.0", "158.8 K"],
  dnn_m: ["86.4", "199.4", "397.0 K"],
  dnn_l: ["86.7", "496.6", "990.2 K"],
  cnn_s: ["91.6", "79.0", "5.0 M"],
  cnn_m: ["92.2", "199.4", "17.3 M"],
  cnn_l: ["92.7", "497.8", "25.3 M"],
  basic_lstm_s: ["92.0", "63.3", "5.9 M"],
  basic_lstm_m: ["93.0", "196.5", "18.9 M"],
  basic_lstm_l: ["93.4", "494.5", "47.9 M"],
  lstm_s: ["92.9", "79.5", "3.9 M"],
  lstm_m: ["93.9", "198.6", "19.2 M"],
  lstm_l: ["94.8", "498.8", "48.4 M"],
  gru_s: ["93.5", "78.8", "3.8 M"],
  gru_m: ["94.2", "200.0", "19.2 M"],
  gru_l: ["94.7", "499.7", "48.4 M"],
  crnn_s: ["94.0", "79.7", "3.0 M"],
  crnn_m: ["94.4", "199.8", "7.6 M"],
  crnn_l: ["95.0", "499.5", "19.3 M"],
  ds_cnn_s: ["94.4", "38.6", "5.4 M"],
  ds_cnn_m: ["94.9", "189.2", "19.8 M"],
  ds_cnn_l: ["95.4", "497.6", "56.9 M"],
};

function figures(name: string): PublishedFigures {
  const [accuracy, memory, operations] = table[name] as [string, string, string];
  return { source: "arXiv 1711.07128, table 5", accuracy, memory, operations };
}

type Network = "dnn" | "cnn" | "ds_cnn" | "basic_lstm" | "lstm" | "gru" | "crnn";

/** Frames follow each other after 40 ms, otherwise after 20. */
const slow = ["dnn_s", "dnn_m", "dnn_l", "lstm_s", "gru_s"];

function sized(network: Network, size: "s" | "m" | "l", modelSizeInfo: readonly number[]): ZooModel {
  const name = `${network}_${size}`;
  const isSlow = slow.includes(name);
  return {
    name,
    architecture: `hello_edge/${network}`,
    family: "hello_edge",
    documentation: `Hello Edge ${network.toUpperCase().replace("_", "-")}, size ${size.toUpperCase()}`,
    options: { modelSizeInfo, ...(network === "ds_cnn" ? { momentum: 0.96 } : {}) },
    frontend: armFrontend(isSlow ? 40 : 20),
    shape: { frames: isSlow ? 25 : 49, features: 10, labels: 12 },
    published: figures(name),
  };
}

/** A network of TensorFlow's example, with the front end that its training has unless told otherwise: 98 frames of 40 coefficients. */
function unsized(network: "single_fc" | "conv" | "low_latency_conv" | "low_latency_svdf", documentation: string): ZooModel {
  return {
    name: network,
    architecture: `hello_edge/${network}`,
    family: "hello_edge",
    documentation,
    options: {},
    frontend: describeFrontend({ kind: "mfcc_op", windowMs: 30, strideMs: 10, upperHertz: 4000, dctCoefficients: 40 }),
    shape: { frames: 98, features: 40, labels: 12 },
    published: { source: "ML-KWS-for-MCU, models.py", accuracy: "" },
  };
}

/** `count` times the group. */
const times = (count: number, group: readonly number[]): number[] => Array.from({ length: count }, () => group).flat();

/** The published sizes of Hello Edge (Zhang et al. 2017, arXiv 1711.07128, table 5). */
export const helloEdgeSizes: readonly ZooModel[] = [
  sized("dnn", "s", [144, 144, 144]),
  sized("dnn", "m", [256, 256, 256]),
  sized("dnn", "l", [436, 436, 436]),
  sized("cnn", "s", [28, 10, 4, 1, 1, 30, 10, 4, 2, 1, 16, 128]),
  sized("cnn", "m", [64, 10, 4, 1, 1, 48, 10, 4, 2, 1, 16, 128]),
  sized("cnn", "l", [60, 10, 4, 1, 1, 76, 10, 4, 2, 1, 58, 128]),
  sized("ds_cnn", "s", [5, 64, 10, 4, 2, 2, ...times(4, [64, 3, 3, 1, 1])]),
  sized("ds_cnn", "m", [5, 172, 10, 4, 2, 1, 172, 3, 3, 2, 2, ...times(3, [172, 3, 3, 1, 1])]),
  sized("ds_cnn", "l", [6, 276, 10, 4, 2, 1, 276, 3, 3, 2, 2, ...times(4, [276, 3, 3, 1, 1])]),
  sized("basic_lstm", "s", [118]),
  sized("basic_lstm", "m", [214]),
  sized("basic_lstm", "l", [344]),
  sized("lstm", "s", [98, 144]),
  sized("lstm", "m", [130, 280]),
  sized("lstm", "l", [188, 500]),
  sized("gru", "s", [1, 154]),
  sized("gru", "m", [1, 250]),
  sized("gru", "l", [1, 400]),
  sized("crnn", "s", [48, 10, 4, 2, 2, 2, 60, 84]),
  sized("crnn", "m", [128, 10, 4, 2, 2, 2, 76, 164]),
  sized("crnn", "l", [100, 10, 4, 2, 1, 2, 136, 188]),
  unsized("single_fc", "one fully connected layer over the clip"),
  unsized("conv", "two convolutions, cnn-trad-fpool3 of Sainath and Parada 2015"),
  unsized("low_latency_conv", "one convolution over all frames, cnn-one-fstride4 of Sainath and Parada 2015"),
  unsized("low_latency_svdf", "SVDF over all frames, Nakkiran et al. 2015"),
];
