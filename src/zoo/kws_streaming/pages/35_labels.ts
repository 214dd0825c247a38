import { describeFrontend } from "../../../frontend/frontend.js";
import type { ZooModel } from "../../model.js";
import { published } from "./published.js";

const frontend = describeFrontend({
  kind: "mfcc_tf",
  windowMs: 30,
  strideMs: 10,
  melBands: 80,
  dctCoefficients: 40,
  lowerHertz: 20,
  upperHertz: 7600,
});

/** kws_streaming's page "35_labels": all words of Speech Commands v0.02, without silence and unknown. */
export const thirtyFiveLabels: readonly ZooModel[] = [
  {
    name: "ds_tc_resnet_35",
    network: "ds_tc_resnet",
    documentation: "six blocks over time (MatchboxNet), all 35 words",
    frontend,
    labels: 35,
    accuracy: "96.9",
  },
  {
    name: "att_mh_rnn_35",
    network: "att_mh_rnn",
    documentation: "four heads, 98 frames, all 35 words",
    options: { units2: [64], act2: ["relu"] },
    frontend,
    labels: 35,
    accuracy: "97.2",
  },
].map((model) => published("35_labels", model));
