import { invariant } from "../../base/errors.js";
import { findModel } from "../index.js";
import { edgemlRecipe } from "./edgeml.js";
import { helloEdgeRecipe } from "./hello_edge.js";
import { twelveLabelsTrainings } from "./kws_streaming/12_labels.js";
import { thirtyThousand12LabelsTrainings } from "./kws_streaming/30k_12_labels.js";
import { thirtyFiveLabelsTrainings } from "./kws_streaming/35_labels.js";
import { kwsStreamingRecipe } from "./kws_streaming/common.js";
import { paper12LabelsTrainings } from "./kws_streaming/paper_12_labels.js";
import { quantized12LabelsTrainings } from "./kws_streaming/quantized_12_labels.js";
import { microWakeWordRecipe } from "./micro_wake_word.js";
import { mlperfTinyRecipe } from "./mlperf_tiny.js";
import { speechrecRecipe } from "./speechrec.js";
import type { PublishedRecipe } from "./recipe.js";

const kwsStreaming = {
  ...quantized12LabelsTrainings,
  ...paper12LabelsTrainings,
  ...thirtyThousand12LabelsTrainings,
  ...twelveLabelsTrainings,
  ...thirtyFiveLabelsTrainings,
};

/**
 * The published training of a model: a recipe that wants only its data.
 * @throws UsageError listing the names
 */
export function publishedRecipe(name: string): PublishedRecipe {
  const { published } = findModel(name);
  if (published.family === "hello_edge") return helloEdgeRecipe(published);
  if (published.family === "mlperf_tiny") return mlperfTinyRecipe(published);
  if (published.family === "micro_wake_word") return microWakeWordRecipe(published);
  if (published.family === "speechrec") return speechrecRecipe(published);
  if (published.family === "edgeml") return edgemlRecipe(published);
  const training = kwsStreaming[published.name];
  invariant(training, `${published.name} has no training`);
  return kwsStreamingRecipe(published, training);
}

export type { PublishedRecipe } from "./recipe.js";
