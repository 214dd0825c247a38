import { describeFrontend, type FrontendDescription } from "../../../frontend/frontend.js";
import type { ZooModel } from "../../model.js";
import { published } from "./published.js";

function frontend(dctCoefficients: number): FrontendDescription {
  const common = { kind: "mfcc_op", windowMs: 40, strideMs: 20, lowerHertz: 20, upperHertz: 7000 } as const;
  return describeFrontend({ ...common, melBands: 80, dctCoefficients });
}

/** kws_streaming's page "30k_12_labels": networks of about 30,000 parameters; those printed are the trainable ones. */
export const thirtyThousand12Labels: readonly ZooModel[] = [
  {
    name: "svdf_resnet",
    network: "svdf_resnet",
    documentation: "about 30,000 parameters",
    options: {
      block1MemorySize: [7],
      block2MemorySize: [7],
      block3MemorySize: [11, 11],
      block1Units1: [32],
      block2Units1: [50],
      block3Units1: [50, 128],
      blocksPool: [2, 2, 1],
      bnScale: true,
      svdfUseBias: false,
      units2: [64],
    },
    frontend: frontend(40),
    accuracy: "94.6",
    parameters: "33K",
  },
  {
    name: "mobilenet",
    network: "mobilenet",
    documentation: "about 30,000 parameters",
    options: { dropout: 0 },
    frontend: frontend(40),
    accuracy: "92.5",
    parameters: "35K",
  },
  {
    name: "mobilenet_v2",
    network: "mobilenet_v2",
    documentation: "about 30,000 parameters",
    options: { dropout: 0 },
    frontend: frontend(30),
    accuracy: "95.0",
    parameters: "28K",
  },
  {
    name: "inception",
    network: "inception",
    documentation: "about 30,000 parameters",
    options: {
      cnn1Filters: [32],
      cnn2Filters1: [16, 16, 16],
      cnn2Filters2: [32, 64, 70],
      cnn2KernelSizes: [3, 5, 5],
      dropout: 0,
    },
    frontend: frontend(30),
    accuracy: "95.9",
    parameters: "30K",
  },
  {
    name: "inception_resnet",
    network: "inception_resnet",
    documentation: "about 30,000 parameters",
    options: {
      cnn2FiltersBranch0: [16, 16, 32],
      cnn2FiltersBranch1: [16, 16, 32],
      cnn2FiltersBranch2: [32, 32, 64],
      bnScale: true,
      dropout: 0,
    },
    frontend: frontend(30),
    accuracy: "95.8",
    parameters: "33K",
  },
  {
    name: "svdf_30k",
    network: "svdf",
    documentation: "about 30,000 parameters",
    options: { svdfUnits1: [16, 32, 32, 32, 64, 128], svdfUnits2: [40, 40, 64, 64, 64, -1] },
    frontend: frontend(40),
    accuracy: "91.1",
    parameters: "32K",
  },
  {
    name: "tc_resnet_30k",
    network: "tc_resnet",
    documentation: "about 30,000 parameters",
    options: { kernelSize: [3, 1], channels: [32, 36, 36, 40], dropout: 0 },
    frontend: frontend(30),
    accuracy: "95.7",
    parameters: "31K",
  },
  {
    name: "xception",
    network: "xception",
    documentation: "about 30,000 parameters",
    options: {
      cnn1Filters: [16],
      stride3: 1,
      stride4: 1,
      cnn2KernelSizes: [5, 7],
      cnn2Filters: [32, 40],
      cnn3KernelSizes: [7],
      cnn3Filters: [64],
      cnn4KernelSizes: [11],
      cnn4Filters: [100],
      bnScale: false,
    },
    frontend: frontend(30),
    accuracy: "94.8",
    parameters: "31K",
  },
].map((model) => published("30k_12_labels", model));
