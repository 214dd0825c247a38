import { join } from "node:path";
import type { Split } from "../../corpus/clip.js";
import { rowSetName } from "../../corpus/row_set.js";
import { openArrayFeatures } from "../../measure/array_features.js";
import { evaluateSpotter } from "../../measure/evaluate.js";
import { openSpotter } from "../../measure/spotter.js";
import { rowClips } from "../../train/sources.js";

/** What a model says to the rows of a data set. */
export interface MeasuredRows {
  /** Share that is right. */
  readonly accuracy: number;
  /** Index of the label that has the highest score, row by row. */
  readonly answers: readonly number[];
}

/**
 * Measures a model on every row of a split.
 * @param folder of the data set
 * @throws UserError where a file cannot be read or does not fit the model
 */
export async function measureRows(model: string, folder: string, split: Split, signal: AbortSignal): Promise<MeasuredRows> {
  const spotter = await openSpotter(model);
  const file = join(folder, rowSetName(split));
  const arrays = await openArrayFeatures(spotter, [file]);
  try {
    const set = rowClips(file, spotter.labels);
    const { evaluation, probabilities } = await evaluateSpotter(spotter, [set], { arraysToFeatures: arrays.of, signal });
    const width = spotter.labels.length;
    const answers = Array.from({ length: probabilities.length / width }, (_, row) => {
      const scores = probabilities.subarray(row * width, (row + 1) * width);
      return scores.indexOf(Math.max(...scores));
    });
    return { accuracy: evaluation.accuracy, answers };
  } finally {
    arrays.close();
    spotter.close();
  }
}
