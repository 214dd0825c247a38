import { existsSync } from "node:fs";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UsageError } from "../../base/errors.js";
import { evaluateSpotter } from "../../measure/evaluate.js";
import { openSpotter } from "../../measure/spotter.js";
import { parseRecipe, type Recipe } from "../../train/recipe.js";
import { runFiles } from "../../train/run_folder.js";
import { train, type TrainingOutcome } from "../../train/train.js";
import { type FlagTable, type ParsedFlags, real, text, truth, whole } from "../flags.js";
import type { CompatProgram, ProgramContext } from "../program.js";
import { prepareData, seed, taskOf } from "./data.js";
import { dataFlags, networkFlags, numbersOf, readFlags } from "./flags.js";
import { frontendOf, networkOf, soundOf } from "./network.js";

const table = {
  ...dataFlags,
  ...networkFlags,
  batch_size: whole(100, "clips of a step"),
  background_volume: real(0.1, "largest factor of the background noise"),
  background_frequency: real(0.8, "share of the clips that are mixed with noise"),
  time_shift_ms: real(100, "largest shift of a clip"),
  how_many_training_steps: text("15000,3000", "steps at each learning rate, with commas"),
  learning_rate: text("0.001,0.0001", "learning rates, with commas"),
  eval_step_interval: whole(400, "steps from one validation to the next"),
  summaries_dir: text("/tmp/retrain_logs", "TensorBoard's logs in the original; not written"),
  train_dir: text("/tmp/speech_commands_train", "where models and the run are written"),
  save_step_interval: whole(100, "read and not used, as in the original"),
  start_checkpoint: text("", "of 2017: goes on from a checkpoint; 'earshot train --resume' does that"),
  check_nans: truth(false, "of 2017: every step is checked anyhow"),
} satisfies FlagTable;

type TrainFlags = ParsedFlags<typeof table>;

/** `train.py`: trains a network of Hello Edge with the flags' hyperparameters. */
export const program: CompatProgram = {
  async run(args, context) {
    const flags = readFlags("train", table, args, context);
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

function recipeOf(flags: TrainFlags): Recipe {
  const { values } = flags;
  const schedule = scheduleOf(values.learning_rate, values.how_many_training_steps);
  const recipe = {
    model: networkOf(flags),
    frontend: frontendOf(flags),
    ...soundOf(flags),
    data: [{ kind: "sounds", path: values.data_dir }],
    task: taskOf(flags),
    // The shuffled clips in order, over and over (tf.data's repeat without a further shuffle).
    sampling: { order: "walk" },
    augmentation: {
      waveform: {
        timeShiftMilliseconds: values.time_shift_ms,
        noiseFrequency: values.background_frequency,
        noiseVolume: values.background_volume,
        // Silence is a clip at volume zero: it hears the noise of every other clip.
        silenceVolume: values.background_volume,
        silenceFrequency: values.background_frequency,
      },
    },
    // Keras's.
    optimizer: { kind: "adam", epsilon: 1e-7, epsilonInside: true },
    schedule,
    steps: schedule.steps.reduce((sum, steps) => sum + steps, 0),
    batch: values.batch_size,
    validateEvery: values.eval_step_interval,
    seed,
  };
  return parseRecipe(recipe, "ml-kws train");
}

/** Each rate for its number of steps. */
function scheduleOf(learningRates: string, trainingSteps: string) {
  const rates = numbersOf("learning_rate", learningRates.split(","));
  const steps = numbersOf("how_many_training_steps", trainingSteps.split(","));
  if (rates.length !== steps.length)
    throw new UsageError(
      `--how_many_training_steps and --learning_rate must be equally long lists, but have ${steps.length} and ${rates.length} numbers`,
    );
  return { kind: "piecewise" as const, rates, steps };
}

/** `run` in the training folder, or the first `run_N` that is not there: the originals train into a folder again and again. */
function freeFolder(parent: string): string {
  const first = join(parent, "run");
  if (!existsSync(first)) return first;
  let number = 2;
  while (existsSync(`${first}_${number}`)) number++;
  return `${first}_${number}`;
}

/** Writes the best model under the original's name, and the labels beside it. */
async function keepBest({ run, labels, bestAccuracy }: TrainingOutcome, { values }: TrainFlags, { print }: ProgramContext) {
  const { train_dir: folder, model_architecture: network } = values;
  await writeFile(join(folder, `${network}_labels.txt`), `${labels.join("\n")}\n`);
  const best = join(run, runFiles.best);
  if (bestAccuracy === null || !existsSync(best)) return;
  await mkdir(join(folder, "best"), { recursive: true });
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
