import { UsageError, UserError } from "../../base/errors.js";
import { silenceLabel, unknownLabel } from "../../corpus/clip.js";
import { featureShape } from "../../frontend/frontend.js";
import { parseRecipe, type Recipe, type RecipeInput } from "../../train/recipe.js";
import { buildModel } from "../../zoo/index.js";
import type { CommandLine } from "./command_line.js";
import { bit, frontendOf } from "./frontend.js";
import { quantizationFlags } from "./model_flags.js";

const program = "kws-streaming";

/** Seed of the original's choice and order of the clips (input_data.py). */
const originalSeed = 59_185;

/** Labels in the original's order. */
export function labelsOf({ base }: Pick<CommandLine, "base">): string[] {
  const words = wordsOf(base.wanted_words);
  return bit("split_data", base.split_data) ? [silenceLabel, unknownLabel, ...words] : words;
}

const wordsOf = (text: string): string[] => text.split(",");

/**
 * The recipe of a command line: the training as our own `train` takes it.
 * @throws UsageError for values that the original refuses too; UserError for what is not offered
 */
export function recipeOf(line: CommandLine): Recipe {
  const { base, model } = line;
  refuseUnoffered(line);
  const samples = Math.trunc((base.sample_rate * base.clip_duration_ms) / 1000);
  const split = bit("split_data", base.split_data);
  const { steps, schedule } = scheduleOf(line);
  const input: RecipeInput = {
    model: { name: `kws_streaming/${model}`, options: modelOptions(line) },
    frontend: frontendOf(line),
    rate: base.sample_rate,
    samples,
    data: [{ kind: "sounds", path: base.data_dir, ...(bit("wav", base.wav) ? {} : { recordings: "npy" as const }) }],
    task: {
      words: wordsOf(base.wanted_words),
      silence: split,
      unknown: split,
      splitBy: split ? "hash" : "folders",
      silencePercentage: base.silence_percentage,
      unknownPercentage: base.unknown_percentage,
      validationPercentage: base.validation_percentage,
      testingPercentage: base.testing_percentage,
    },
    sampling: { order: bit("pick_deterministically", base.pick_deterministically) ? "walk" : "uniform" },
    augmentation: augmentationOf(line),
    optimizer: optimizerOf(line),
    schedule,
    steps,
    batch: base.batch_size,
    validateEvery: base.eval_step_interval,
    seed: originalSeed,
  };
  const l2 =
    model === "att_mh_rnn" && base.l2_weight_decay > 0 ? { l2: base.l2_weight_decay, l2Parameters: regularized(line) } : {};
  return parseRecipe({ ...input, ...l2 }, program);
}

function modelOptions({ options }: CommandLine): Record<string, string | number> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !quantizationFlags.includes(name)));
}

/** What the original does and earshot does not (yet): one line each. */
function refuseUnoffered({ base, model, options }: CommandLine): void {
  const refuse = (what: string): never => {
    throw new UserError(`${program}: ${what}`);
  };
  if (base.quantize !== 0 || base.use_quantize_nbit !== 0)
    refuse(
      `--${base.quantize !== 0 ? "quantize" : "use_quantize_nbit"} (quantization-aware training from the first step) is not there yet; train without it, then 'earshot quantize TRAIN_DIR/best_weights --qat N'`,
    );
  if (options["bn_renorm"] === 1) refuse(`--bn_renorm 1 of ${model} (batch renormalisation) is not offered`);
}

/** Steps and rates, from two lists of the same length. */
function scheduleOf({ base }: CommandLine): { steps: number; schedule: RecipeInput["schedule"] } {
  const counts = numbers("how_many_training_steps", base.how_many_training_steps);
  const rates = numbers("learning_rate", base.learning_rate);
  if (!counts.every((n) => Number.isInteger(n) && n > 0))
    throw new UsageError(
      `${program}: --how_many_training_steps '${base.how_many_training_steps}': they must be whole numbers from 1`,
    );
  if (!rates.every((rate) => rate > 0))
    throw new UsageError(`${program}: --learning_rate '${base.learning_rate}': they must be greater than 0`);
  if (counts.length !== rates.length)
    throw new UsageError(
      `${program}: --how_many_training_steps and --learning_rate must be lists of the same length, but are ${counts.length} and ${rates.length} long`,
    );
  const steps = counts.reduce((sum, n) => sum + n, 0);
  if (base.lr_schedule === "linear") return { steps, schedule: { kind: "piecewise", rates, steps: counts } };
  if (base.lr_schedule !== "exp")
    throw new UsageError(`${program}: --lr_schedule '${base.lr_schedule}': it must be linear or exp`);
  return { steps, schedule: { kind: "exponential", first: rates[0] as number, last: rates.at(-1) as number } };
}

function numbers(flag: string, text: string): number[] {
  const values = text.split(",").map((item) => (item.trim() === "" ? Number.NaN : Number(item)));
  if (values.every(Number.isFinite)) return values;
  throw new UsageError(`${program}: --${flag} '${text}': write numbers with commas, such as 10000,3000`);
}

function optimizerOf({ base }: CommandLine): RecipeInput["optimizer"] {
  if (base.optimizer === "adam") return { kind: "adam", epsilon: base.optimizer_epsilon, epsilonInside: true };
  if (base.optimizer === "momentum") return { kind: "sgd", momentum: 0.9, rateInVelocity: true };
  if (base.optimizer !== "novograd")
    throw new UsageError(`${program}: --optimizer '${base.optimizer}': it must be adam, momentum or novograd`);
  return {
    kind: "novograd",
    beta1: base.novograd_beta_1,
    beta2: base.novograd_beta_2,
    weightDecay: base.novograd_weight_decay,
    gradAveraging: bit("novograd_grad_averaging", base.novograd_grad_averaging),
  };
}

function augmentationOf({ base, model }: CommandLine): RecipeInput["augmentation"] {
  // The feature layer, which masks, is part of the model only here.
  const inLayer = base.preprocess === "raw" && model !== "dnn_raw";
  const masks = bit("use_spec_augment", base.use_spec_augment) && inLayer;
  const cutout = bit("use_spec_cutout", base.use_spec_cutout) && inLayer;
  return {
    waveform: {
      resample: eitherOf(base, "resample", "sp_resample"),
      volume: base.volume_resample,
      timeShiftMilliseconds: eitherOf(base, "time_shift_ms", "sp_time_shift_ms"),
      noiseFrequency: base.background_frequency,
      noiseVolume: base.background_volume,
      silenceVolume: base.background_volume,
      silenceFrequency: base.background_frequency,
    },
    specAugment: masks
      ? {
          timeMasks: base.time_masks_number,
          timeMaskSize: base.time_mask_max_size,
          frequencyMasks: base.frequency_masks_number,
          frequencyMaskSize: base.frequency_mask_max_size,
          perBatch: true,
        }
      : null,
    specCutout: cutout
      ? {
          masks: base.spec_cutout_masks_number,
          timeMaskSize: base.spec_cutout_time_mask_size,
          frequencyMaskSize: base.spec_cutout_frequency_mask_size,
        }
      : null,
  };
}

/** The reader's flag or the feature layer's; both at once are an error, as in the original. */
function eitherOf(
  base: CommandLine["base"],
  reader: "resample" | "time_shift_ms",
  layer: "sp_resample" | "sp_time_shift_ms",
): number {
  if (base[reader] !== 0 && base[layer] !== 0)
    throw new UsageError(
      `${program}: --${reader} ${base[reader]} and --${layer} ${base[layer]}: only one of them may be other than 0`,
    );
  return base[reader] === 0 ? base[layer] : base[reader];
}

/** What att_mh_rnn regularizes: kernels and biases of convolutions, projections and units2 layers, and the kernels for RNN inputs. */
function regularized(line: CommandLine): string[] {
  const { base, model } = line;
  const sound = { samples: Math.trunc((base.sample_rate * base.clip_duration_ms) / 1000), rate: base.sample_rate };
  const shape = { ...featureShape(frontendOf(line), sound), labels: labelsOf(line).length };
  return buildModel(`kws_streaming/${model}`, modelOptions(line), shape)
    .parameters.filter(({ name, trainable }) => trainable && isRegularized(name))
    .map(({ name }) => name);
}

function isRegularized(name: string): boolean {
  if (name.startsWith("classifier.") || name.includes("norm")) return false;
  return name.startsWith("recurrent.") ? name.endsWith(".kernel") : /\.(kernel|bias)$/.test(name);
}
