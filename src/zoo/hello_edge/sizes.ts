import { describeFrontend, type FrontendDescription } from "../../frontend/frontend.js";
import { frontendPreset } from "../../frontend/presets.js";
import type { PublishedFigures, ZooModel } from "../model.js";

const arm = frontendPreset("arm");

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
  ds_cnn_s: ["94.4", "38.6", "5.4 M"],
  ds_cnn_m: ["94.9", "189.2", "19.8 M"],
  ds_cnn_l: ["95.4", "497.6", "56.9 M"],
};

function figures(name: string): PublishedFigures {
  const [accuracy, memory, operations] = table[name] as [string, string, string];
  return { source: "arXiv 1711.07128, table 5", accuracy, memory, operations };
}

function sized(network: "dnn" | "cnn" | "ds_cnn", size: "s" | "m" | "l", modelSizeInfo: readonly number[]): ZooModel {
  const everyFrame = network !== "dnn";
  return {
    name: `${network}_${size}`,
    architecture: `hello_edge/${network}`,
    family: "hello_edge",
    documentation: `Hello Edge ${network.toUpperCase().replace("_", "-")}, size ${size.toUpperCase()}`,
    options: { modelSizeInfo },
    frontend: armFrontend(everyFrame ? 20 : 40),
    shape: { frames: everyFrame ? 49 : 25, features: 10, labels: 12 },
    published: figures(`${network}_${size}`),
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
];
