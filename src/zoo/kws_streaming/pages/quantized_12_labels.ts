import { describeFrontend, type FrontendDescription } from "../../../frontend/frontend.js";
import type { ZooModel } from "../../model.js";
import { published } from "./published.js";

function frontend(melBands: number, dctCoefficients: number, upperHertz = 7000): FrontendDescription {
  const common = { kind: "mfcc_op", windowMs: 40, strideMs: 20, lowerHertz: 20 } as const;
  return describeFrontend({ ...common, melBands, upperHertz, dctCoefficients });
}

const usual = frontend(40, 20);

/** kws_streaming's page "quantized_12_labels". Its networks are not stateful unless their name says so. */
export const quantized12Labels: readonly ZooModel[] = [
  {
    name: "svdf",
    network: "svdf",
    documentation: "six layers",
    frontend: frontend(80, 30),
    accuracy: "96.0",
    parameters: "354K",
  },
  {
    name: "crnn",
    network: "crnn",
    documentation: "two convolutions and a GRU",
    frontend: usual,
    accuracy: "97.4",
    parameters: "467K",
  },
  {
    name: "crnn_state",
    network: "crnn",
    documentation: "its state goes on from clip to clip",
    options: { stateful: true },
    frontend: usual,
    accuracy: "97.1",
    parameters: "467K",
  },
  {
    name: "lstm_peep",
    network: "lstm",
    documentation: "peepholes and projection",
    options: { stateful: false },
    frontend: usual,
    accuracy: "97.3",
    parameters: "545K",
  },
  {
    name: "kws_dnn",
    network: "dnn",
    documentation: "fully connected over frames, then over the clip",
    frontend: usual,
    accuracy: "90.4",
    parameters: "447K",
  },
  {
    name: "att_mh_rnn",
    network: "att_mh_rnn",
    documentation: "two GRU layers in both directions, four heads",
    frontend: frontend(40, 20, 8000),
    accuracy: "97.9",
    parameters: "700K",
  },
].map((model) => published("quantized_12_labels", model));
