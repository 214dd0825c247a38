import type { FrontendDescription, ZooModel } from "../model.js";

/** Front end of all published trainings; the frames are 40 ms long and follow each other by `hop` samples. */
function armFrontend(hop: number): FrontendDescription {
  return {
    kind: "mfcc_op",
    windowLength: 640,
    hop,
    melBins: 40,
    lowerHertz: 20,
    upperHertz: 4000,
    coefficients: 10,
    magnitudeSquared: true,
  };
}

function published(network: "dnn" | "cnn" | "ds_cnn", size: "s" | "m" | "l", modelSizeInfo: readonly number[]): ZooModel {
  const everyFrame = network !== "dnn";
  return {
    name: `${network}_${size}`,
    architecture: `hello_edge/${network}`,
    family: "hello_edge",
    documentation: `Hello Edge ${network.toUpperCase().replace("_", "-")}, size ${size.toUpperCase()}`,
    options: { modelSizeInfo },
    frontend: armFrontend(everyFrame ? 320 : 640),
    shape: { frames: everyFrame ? 49 : 25, features: 10, labels: 12 },
  };
}

/** `count` times the group. */
const times = (count: number, group: readonly number[]): number[] => Array.from({ length: count }, () => group).flat();

/** The published sizes of Hello Edge (Zhang et al. 2017, arXiv 1711.07128, table 5). */
export const helloEdgeSizes: readonly ZooModel[] = [
  published("dnn", "s", [144, 144, 144]),
  published("dnn", "m", [256, 256, 256]),
  published("dnn", "l", [436, 436, 436]),
  published("cnn", "s", [28, 10, 4, 1, 1, 30, 10, 4, 2, 1, 16, 128]),
  published("cnn", "m", [64, 10, 4, 1, 1, 48, 10, 4, 2, 1, 16, 128]),
  published("cnn", "l", [60, 10, 4, 1, 1, 76, 10, 4, 2, 1, 58, 128]),
  published("ds_cnn", "s", [5, 64, 10, 4, 2, 2, ...times(4, [64, 3, 3, 1, 1])]),
  published("ds_cnn", "m", [5, 172, 10, 4, 2, 1, 172, 3, 3, 2, 2, ...times(3, [172, 3, 3, 1, 1])]),
  published("ds_cnn", "l", [6, 276, 10, 4, 2, 1, 276, 3, 3, 2, 2, ...times(4, [276, 3, 3, 1, 1])]),
];
