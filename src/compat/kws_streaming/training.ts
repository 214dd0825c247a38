import { copyFileSync, existsSync, readdirSync, renameSync } from "node:fs";
import { UserError } from "../../base/errors.js";
import { makeFolderSync } from "../../base/make_folder.js";
import { writeModel } from "../../formats/model_file.js";
import { assemble } from "../../train/assemble.js";
import { loadNewestCheckpoint } from "../../train/checkpoint.js";
import type { Recipe } from "../../train/recipe.js";
import { runFiles } from "../../train/run_folder.js";
import { train } from "../../train/train.js";
import type { TrainOptions } from "../../train/train_options.js";
import type { TrainingOutcome } from "../../train/training_outcome.js";
import type { ProgramContext } from "../program.js";
import type { CommandLine } from "./command_line.js";
import { bit } from "./frontend.js";
import { modelSummary, writeFlagsText, writeLabels } from "./settings_files.js";
import { type TrainDir, trainFiles } from "./train_dir.js";

/**
 * Trains as the flags say and leaves flags.txt, labels.txt, model_summary.txt, the weights of each validation, best_weights and last_weights.
 * @throws UserError where train_dir is there already (and restore_checkpoint is 0), or data cannot be read
 */
export async function trainModel(
  line: CommandLine,
  recipe: Recipe,
  folder: TrainDir,
  context: ProgramContext,
): Promise<TrainingOutcome> {
  const restore = bit("restore_checkpoint", line.base.restore_checkpoint);
  if (existsSync(folder.path) && readdirSync(folder.path).length > 0 && !restore)
    throw new UserError(
      `model already exists in folder ${folder.path}: give --restore_checkpoint 1 to go on with it, --train 0 to measure it, or another --train_dir`,
    );
  // What is wrong with the data or the model is said before anything is written.
  const { graph, frontend, labels } = await assemble(recipe);
  const begin = restore ? await earlierTraining(folder) : undefined;
  makeFolderSync(folder.path);
  await writeFlagsText(folder, line);
  await writeLabels(folder, line);
  await folder.writeText([trainFiles.summary], modelSummary({ graph, frontend, labels }));
  let best = 0;
  const outcome = await train(recipe, {
    out: folder.join(trainFiles.restore),
    signal: context.signal,
    talk: line.base.verbosity === "INFO" || line.base.verbosity === "DEBUG",
    begin,
    onValidation: async (step, { accuracy }, model) => {
      // Named after the best accuracy before this validation, as in the original.
      const name = `${Math.trunc(best * 10_000)}weights_${step}`;
      best = Math.max(best, accuracy);
      await folder.writeBytes([trainFiles.validations, name], writeModel(model()));
    },
  });
  for (const [from, to] of [[runFiles.best, trainFiles.bestWeights] as const, [runFiles.last, trainFiles.lastWeights] as const])
    if (existsSync(folder.join(trainFiles.restore, from))) copyFileSync(folder.join(trainFiles.restore, from), folder.join(to));
  if (outcome.end === "interrupted") {
    context.warn(`what was reached is in ${folder.path}; go on with --restore_checkpoint 1`);
    context.signal.throwIfAborted();
  }
  return outcome;
}

/** The newest checkpoint of what was trained before; its run moves aside. */
async function earlierTraining(folder: TrainDir): Promise<TrainOptions["begin"]> {
  const run = folder.join(trainFiles.restore);
  if (!existsSync(run)) return undefined;
  const { checkpoint } = await loadNewestCheckpoint(run);
  if (checkpoint === undefined)
    throw new UserError(`${run}: there is no checkpoint to go on from; leave --restore_checkpoint out`);
  let number = 1;
  while (existsSync(`${run}_${number}`)) number++;
  renameSync(run, `${run}_${number}`);
  return { tensors: checkpoint.tensors, updates: checkpoint.state.step };
}
