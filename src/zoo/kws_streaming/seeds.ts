import { describeFrontend, type FrontendDescription } from "../../frontend/frontend.js";
import type { ZooModel } from "../model.js";

function frontend(melBands: number, dctCoefficients: number): FrontendDescription {
  return describeFrontend({
    kind: "mfcc_op",
    windowMs: 40,
    strideMs: 20,
    melBands,
    lowerHertz: 20,
    upperHertz: 7000,
    dctCoefficients,
  });
}

const page = "kws_streaming, page quantized_12_labels";

/** The published models of kws_streaming's page "quantized_12_labels": the architectures' defaults. */
export const kwsStreamingSeeds: readonly ZooModel[] = [
  {
    name: "svdf",
    architecture: "kws_streaming/svdf",
    family: "kws_streaming",
    documentation: "kws_streaming svdf, six layers",
    options: {},
    frontend: frontend(80, 30),
    shape: { frames: 49, features: 30, labels: 12 },
    published: { source: page, accuracy: "96.0", parameters: "354K" },
  },
  {
    name: "crnn",
    architecture: "kws_streaming/crnn",
    family: "kws_streaming",
    documentation: "kws_streaming crnn, two convolutions and a GRU",
    options: {},
    frontend: frontend(40, 20),
    shape: { frames: 49, features: 20, labels: 12 },
    published: { source: page, accuracy: "97.4", parameters: "467K" },
  },
  {
    name: "crnn_state",
    architecture: "kws_streaming/crnn",
    family: "kws_streaming",
    documentation: "kws_streaming crnn whose state goes on from clip to clip",
    options: { stateful: true },
    frontend: frontend(40, 20),
    shape: { frames: 49, features: 20, labels: 12 },
    published: { source: page, accuracy: "97.1", parameters: "467K" },
  },
];
