import { existsSync } from "node:fs";
import * as v from "valibot";
import { FormatError } from "../../base/errors.js";
import { parseJsonText } from "../../base/json.js";
import { nearest } from "../../base/nearest.js";
import { readBounded } from "../../base/read_file.js";

const whole = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1e9));
const number = v.pipe(v.number(), v.finite());
const text = v.pipe(v.string(), v.maxLength(4096));
const maybe = <T>(schema: v.GenericSchema<unknown, T>) => v.optional(v.nullable(schema), null);
const pair = (first: number, second: number) => v.optional(v.tuple([number, number]), [first, second]);

const optimizerOptions = v.object({
  weight_decay: v.optional(number, 1e-5),
  momentum: v.optional(number, 0.9),
  nesterov: v.optional(v.boolean(), true),
  dampening: v.optional(number, 0),
  betas: pair(0.9, 0.999),
  eps: v.optional(number, 1e-8),
  alpha: v.optional(number, 0),
  rho: v.optional(number, 0),
  lr_decay: v.optional(number, 0),
  lambd: v.optional(number, 1e-4),
  t0: v.optional(number, 1e6),
  etas: pair(0.5, 1.2),
  step_sizes: pair(1e-6, 50),
  centered: v.optional(v.boolean(), false),
});

const schema = v.object({
  name: v.optional(text, ""),
  description: v.optional(text, ""),
  model: v.optional(
    v.object({
      architecture: v.optional(text, "FastGRNN"),
      num_layers: v.optional(whole, 1),
      hidden_units: maybe(whole),
      hidden_units1: maybe(whole),
      hidden_units2: maybe(whole),
      hidden_units3: maybe(whole),
      filename: v.optional(text, ""),
      wRank: maybe(whole),
      uRank: maybe(whole),
      wRank1: maybe(whole),
      uRank1: maybe(whole),
      wRank2: maybe(whole),
      uRank2: maybe(whole),
      wRank3: maybe(whole),
      uRank3: maybe(whole),
      gate_nonlinearity: v.optional(text, "sigmoid"),
      update_nonlinearity: v.optional(text, "tanh"),
      wSparsity: v.optional(number, 1),
      uSparsity: v.optional(number, 1),
      sparsify: v.optional(v.boolean(), false),
    }),
    {},
  ),
  dataset: v.optional(
    v.object({
      name: v.optional(text, ""),
      featurizer: v.optional(text, ""),
      categories: v.optional(v.nullable(text), ""),
      path: v.optional(text, ""),
      auto_scale: v.optional(v.boolean(), false),
      normalize: v.optional(v.boolean(), false),
      sample_non_kw: maybe(text),
      sample_non_kw_probability: maybe(number),
      // Written by a training, and found in the data.
      sample_rate: v.optional(number),
      input_size: v.optional(number),
      num_filters: v.optional(number),
      window_size: v.optional(number),
      shift: v.optional(number),
    }),
    {},
  ),
  training: v.optional(
    v.object({
      max_epochs: v.optional(whole, 30),
      learning_rate: v.optional(number, 0.01),
      lr_scheduler: maybe(text),
      lr_peaks: v.optional(number, 1),
      lr_min: v.optional(number, 1e-5),
      lr_gamma: v.optional(number, 1),
      lr_step_size: v.optional(whole, 1),
      batch_size: v.optional(whole, 128),
      optimizer: v.optional(text, "SGD"),
      optimizer_options: v.optional(optimizerOptions, {}),
      use_gpu: v.optional(v.boolean(), false),
      rolling: v.optional(v.boolean(), false),
      max_rolling_length: v.optional(whole, 100),
      trim_level: v.optional(whole, 15),
    }),
    {},
  ),
});

/** config.json of train_classifier, all defaults filled in. */
export type TrainingConfig = v.InferOutput<typeof schema>;

const largest = 1 << 20;

/** The defaults. */
export function defaultConfig(): TrainingConfig {
  return v.parse(schema, {});
}

/**
 * Reads a file with the layout of config.json.
 * @param warn told of options that are not known, which change nothing
 * @throws UserError where it cannot be read, FormatError for a value of the wrong kind
 */
export async function readConfig(file: string, warn: (line: string) => void): Promise<TrainingConfig> {
  const bytes = await readBounded(file, largest, "a configuration is a JSON object of some options");
  const value = parseJsonText(new TextDecoder().decode(bytes), file, "write a JSON object with model, dataset and training");
  const parsed = v.safeParse(schema, value, { abortEarly: true });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const place = issue.path?.map((item) => String(item.key)).join(".") ?? "text";
    throw new FormatError(file, place, `found ${String(issue.received)}`, `give ${String(issue.expected)}`);
  }
  for (const group of ["model", "dataset", "training"] as const) {
    const known = Object.keys(parsed.output[group]);
    const entries = schema.entries[group].wrapped.entries;
    for (const key of Object.keys((value as Record<string, object>)[group] ?? {}))
      if (!(key in entries)) {
        const near = nearest(key, known);
        warn(`${file}: ${group}.${key} is not known and changes nothing${near === undefined ? "" : `; did you mean ${near}?`}`);
      }
  }
  return parsed.output;
}

/** Text of a file with this configuration. */
export function configText(config: object): string {
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** Whether there is a configuration in the current folder already. */
export function hasConfig(): boolean {
  return existsSync("config.json");
}
