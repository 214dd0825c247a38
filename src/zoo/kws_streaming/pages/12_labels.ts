import { describeFrontend } from "../../../frontend/frontend.js";
import type { ZooModel } from "../../model.js";
import { published } from "./published.js";

const frames = { kind: "mfcc_tf", windowMs: 30, strideMs: 10 } as const;
const bands = describeFrontend({ ...frames, melBands: 40, dctCoefficients: 0, lowerHertz: 125, upperHertz: 7500 });
const coefficients = describeFrontend({ ...frames, melBands: 80, dctCoefficients: 40, lowerHertz: 20, upperHertz: 7600 });

/** Options of both sizes of bc_resnet. */
const broadcast = {
  dropouts: [0.1, 0.1, 0.1, 0.1],
  dilations: [
    [1, 1],
    [2, 1],
    [4, 1],
    [8, 1],
  ],
};

/** kws_streaming's page "12_labels", the latest. */
export const twelveLabels: readonly ZooModel[] = [
  {
    name: "bc_resnet_1",
    network: "bc_resnet",
    documentation: "8 to 20 channels",
    options: broadcast,
    frontend: bands,
    accuracy: "96.4",
    parameters: "10K",
  },
  {
    name: "bc_resnet_2",
    network: "bc_resnet",
    documentation: "16 to 40 channels",
    options: { ...broadcast, filters: [16, 24, 32, 40] },
    frontend: bands,
    accuracy: "97.6",
    parameters: "30K",
  },
  {
    name: "ds_tc_resnet",
    network: "ds_tc_resnet",
    documentation: "six blocks over time (MatchboxNet)",
    frontend: coefficients,
    accuracy: "98.0",
    parameters: "75K",
  },
  {
    name: "att_mh_rnn_98",
    network: "att_mh_rnn",
    documentation: "four heads, 98 frames",
    options: { units2: [64], act2: ["relu"] },
    frontend: coefficients,
    accuracy: "98.4",
    parameters: "750K",
  },
].map((model) => published("12_labels", model));
