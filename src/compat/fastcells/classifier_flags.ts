import { UsageError } from "../../base/errors.js";
import { type FlagValues, real, text, toggle, whole } from "../flags.js";
import type { TrainingConfig } from "./training_config.js";

const rank = (which: string, layer: string, short: string) =>
  whole(0, `rank of ${which} in ${layer} (default: full)`, { also: [short] });

/** The flags of train_classifier.py. What is not given is as in --config, or as its defaults are. */
export const classifierFlags = {
  epochs: whole(30, "passes through the data"),
  trim_level: whole(15, "sparse training: batches from one hard threshold to the next"),
  lr_scheduler: text("None", "how the learning rate goes", {
    choices: ["None", "TriangleLR", "CosineAnnealingLR", "ExponentialLR", "StepLR", "ExponentialResettingLR"],
  }),
  learning_rate: real(0.01, "learning rate, the largest where it changes"),
  lr_min: real(1e-5, "smallest learning rate of cosine and triangle"),
  lr_peaks: real(1, "times that cosine and triangle go up again"),
  batch_size: whole(128, "rows of a batch", { also: ["-bs"] }),
  architecture: text("FastGRNN", "cell", { choices: ["FastGRNN", "FastGRNNCUDA", "FastRNN", "UGRNN", "GRU", "LSTM"] }),
  num_layers: whole(1, "recurrent layers, 1 to 3"),
  hidden_units: whole(0, "units of the layers", { also: ["-hu"] }),
  hidden_units1: whole(0, "units of the first layer", { also: ["-hu1"] }),
  hidden_units2: whole(0, "units of the second layer", { also: ["-hu2"] }),
  hidden_units3: whole(0, "units of the third layer", { also: ["-hu3"] }),
  use_gpu: toggle(false, "this computes on the processor"),
  normalize: toggle(false, "the network begins with (x - mean) / deviation"),
  rolling: toggle(false, "batches begin with states of batches before"),
  max_rolling_length: whole(100, "most short epochs of rolling training"),
  sample_non_kw: text("", "label of which an epoch draws some rows", { also: ["-sl"] }),
  sample_non_kw_probability: real(0.5, "its share of an epoch", { also: ["-spr"] }),
  wRank: rank("W", "the first layer", "-wr"),
  uRank: rank("U", "the first layer", "-ur"),
  wRank1: rank("W", "the first layer", "-wr1"),
  uRank1: rank("U", "the first layer", "-ur1"),
  wRank2: rank("W", "the second layer", "-wr2"),
  uRank2: rank("U", "the second layer", "-ur2"),
  wRank3: rank("W", "the third layer", "-wr3"),
  uRank3: rank("U", "the third layer", "-ur3"),
  wSparsity: real(1, "share kept of the W matrices", { also: ["-wsp"] }),
  uSparsity: real(1, "share kept of the U matrices", { also: ["-usp"] }),
  gate_nonlinearity: text("sigmoid", "sigmoid, tanh, relu, quantTanh, quantSigm or quantSigm4", { also: ["-gnl"] }),
  update_nonlinearity: text("tanh", "the same", { also: ["-unl"] }),
  config: text("", "JSON file with these options, laid out as config.json"),
  azureml: text("", "telemetry of the original; there is none"),
  eval: toggle(false, "only measures a model", { also: ["-e"] }),
  filename: text("", "name of the model file", { also: ["-o"] }),
  categories: text("", "list of the labels (default: categories.txt of the data set)", { also: ["-c"] }),
  dataset: text("", "folder of training_list.npz, validation_list.npz and testing_list.npz", { also: ["-a"] }),
  outdir: text(".", "folder of what is written", { written: true }),
  detail: toggle(false, "writes every step into the log", { also: ["-d"] }),
};

export type ClassifierFlags = FlagValues<typeof classifierFlags>;

/** Names of flags and options where they are the same in the groups of config.json. */
const sameNames = {
  model: [
    "architecture",
    "num_layers",
    "filename",
    "hidden_units",
    "hidden_units1",
    "hidden_units2",
    "hidden_units3",
    "wRank",
    "uRank",
    "wRank1",
    "uRank1",
    "wRank2",
    "uRank2",
    "wRank3",
    "uRank3",
    "wSparsity",
    "uSparsity",
    "gate_nonlinearity",
    "update_nonlinearity",
  ],
  dataset: ["categories", "normalize", "sample_non_kw", "sample_non_kw_probability"],
  training: [
    "trim_level",
    "lr_scheduler",
    "learning_rate",
    "lr_min",
    "lr_peaks",
    "batch_size",
    "use_gpu",
    "rolling",
    "max_rolling_length",
  ],
} as const;

/**
 * Writes the flags that were given into a configuration, which is changed: whatever was given, zeros too, and each into its own option.
 * @throws UsageError for what fits no network
 */
export function applyFlags(config: TrainingConfig, values: ClassifierFlags, given: ReadonlySet<string>): void {
  for (const group of ["model", "dataset", "training"] as const)
    for (const name of sameNames[group])
      if (given.has(name)) (config[group] as Record<string, unknown>)[name] = values[name as keyof ClassifierFlags];
  const { model, dataset, training } = config;
  if (given.has("epochs")) training.max_epochs = values.epochs;
  if (given.has("dataset")) dataset.path = values.dataset;
  if (training.lr_scheduler === "None") training.lr_scheduler = null;
  if (dataset.sample_non_kw !== null) dataset.sample_non_kw_probability ??= 0.5;
  if (![1, 2, 3].includes(model.num_layers)) throw wrong(`--num_layers can only be one of these values [1, 2, 3]`);
  model.hidden_units1 = model.hidden_units1 || model.hidden_units;
  if (!model.hidden_units1) throw wrong("name the units of the layers with --hidden_units (-hu)");
  model.hidden_units ??= model.hidden_units1;
  if (model.num_layers >= 2) model.hidden_units2 = model.hidden_units2 || model.hidden_units1;
  if (model.num_layers === 3) model.hidden_units3 = model.hidden_units3 || model.hidden_units2;
  model.wRank1 = model.wRank1 || model.wRank;
  model.uRank1 = model.uRank1 || model.uRank;
  // As the help of the original calls it.
  for (const name of ["gate_nonlinearity", "update_nonlinearity"] as const)
    if (model[name] === "quantSigmoid") model[name] = "quantSigm";
  model.sparsify = model.wSparsity < 1 || model.uSparsity < 1;
  model.filename ||= `${model.architecture}${model.hidden_units}KeywordSpotter.pt`;
}

function wrong(message: string): UsageError {
  return new UsageError(`fastcells train_classifier: ${message}`);
}
