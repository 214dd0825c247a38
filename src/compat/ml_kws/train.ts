import { existsSync } from "node:fs";
import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder } from "../../base/make_folder.js";
import { evaluateSpotter } from "../../measure/evaluate.js";
import { openSpotter } from "../../measure/spotter.js";
import { runFiles } from "../../train/run_folder.js";
import { train } from "../../train/train.js";
import type { TrainingOutcome } from "../../train/training_outcome.js";
import { freeFolder } from "../free_folder.js";
import type { CompatProgram, ProgramContext } from "../program.js";
import { prepareData } from "./data.js";
import { readFlags } from "./flags.js";
import { recipeOf, trainFlags, type TrainFlags } from "./train_recipe.js";

/** `train.py`: trains a network of Hello Edge with the flags' hyperparameters. */
export const program: CompatProgram = {
  async run(args, context) {
    const flags = readFlags("train", trainFlags, args, context);
    if (flags === undefined) return 0;
    const { train_dir: folder, start_checkpoint: start } = flags.values;
    if (start !== "") {
      context.warn(
        `--start_checkpoint is not there; go on with an interrupted training with 'earshot train --resume ${folder}/run'`,
      );
      return 1;
    }
    const recipe = recipeOf(flags);
    await prepareData(flags, context);
    const outcome = await train(recipe, { out: freeFolder(folder), signal: context.signal });
    await keepBest(outcome, flags, context);
    context.signal.throwIfAborted();
    await measure(outcome, context);
    return 0;
  },
};

/** Writes the best model under the original's name, and the labels beside it. */
async function keepBest({ run, labels, bestAccuracy }: TrainingOutcome, { values }: TrainFlags, { print }: ProgramContext) {
  const { train_dir: folder, model_architecture: network } = values;
  await writeFile(join(folder, `${network}_labels.txt`), `${labels.join("\n")}\n`);
  const best = join(run, runFiles.best);
  if (bestAccuracy === null || !existsSync(best)) return;
  await makeFolder(join(folder, "best"));
  const path = join(folder, "best", `${network}_${bestAccuracy.toFixed(3)}_ckpt.safetensors`);
  await copyFile(best, path);
  print(`So far the best validation accuracy is ${(100 * bestAccuracy).toFixed(2)}%`);
  print(`Saving best model to "${path}"`);
}

/** The accuracy of the last step's weights, as the original measures it. */
async function measure({ run, measured }: TrainingOutcome, { print, warn, signal }: ProgramContext): Promise<void> {
  if (measured.split !== "testing" || measured.sets.length === 0) {
    warn("warning: there is no test clip, so that there is no final test accuracy");
    return;
  }
  const spotter = await openSpotter(join(run, runFiles.last));
  try {
    const { evaluation } = await evaluateSpotter(spotter, measured.sets, { signal });
    print(`Final test accuracy: ${(100 * evaluation.accuracy).toFixed(2)}%`);
  } finally {
    spotter.close();
  }
}
