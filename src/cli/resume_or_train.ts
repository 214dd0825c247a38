import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Recipe } from "../train/recipe.js";
import { runFiles } from "../train/run_folder.js";
import { resumeTraining, train } from "../train/train.js";
import type { TrainOptions } from "../train/train_options.js";
import type { TrainingOutcome } from "../train/training_outcome.js";

/**
 * Goes on with the run in a folder, or begins one where there is none. Of a run that has come to its end best.safetensors is as training left it,
 * whatever was done to it since.
 */
export function resumeOrTrain(recipe: Recipe, options: TrainOptions): Promise<TrainingOutcome> {
  return existsSync(join(options.out, runFiles.recipe)) ? resumeTraining(options) : train(recipe, options);
}
