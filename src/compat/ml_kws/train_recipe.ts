import { UsageError } from "../../base/errors.js";
import { parseRecipe, type Recipe } from "../../train/recipe.js";
import { type FlagTable, type ParsedFlags, real, text, truth, whole } from "../flags.js";
import { seed, taskOf } from "./data.js";
import { dataFlags, networkFlags, numbersOf } from "./flags.js";
import { frontendOf, networkOf, soundOf } from "./network.js";

/** Flags of `train.py` with the originals' defaults. */
export const trainFlags = {
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
  train_dir: text("/tmp/speech_commands_train", "where models and the run are written", { written: true }),
  save_step_interval: whole(100, "read and not used, as in the original"),
  start_checkpoint: text("", "of 2017: goes on from a checkpoint; 'earshot train --resume' does that"),
  check_nans: truth(false, "of 2017: every step is checked anyhow"),
} satisfies FlagTable;

/** The flags of a command line. */
export type TrainFlags = ParsedFlags<typeof trainFlags>;

/**
 * The recipe of a command line: the training as our own `train` takes it.
 * @throws UsageError for values that cannot be
 */
export function recipeOf(flags: TrainFlags): Recipe {
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
