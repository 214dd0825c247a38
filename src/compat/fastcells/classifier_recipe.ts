import { join } from "node:path";
import { UsageError, UserError } from "../../base/errors.js";
import { type RowSet, readRowSet, rowSetName } from "../../corpus/row_set.js";
import { describeFrontend } from "../../frontend/frontend.js";
import { frontendPreset } from "../../frontend/presets.js";
import { stepsOfPasses } from "../../train/passes.js";
import { parseRecipe, type Recipe, type RecipeInput } from "../../train/recipe.js";
import { clipShape } from "../../train/row_shape.js";
import { buildModel } from "../../zoo/index.js";
import { drawnPass } from "../../corpus/sampler.js";
import { type EllFrontend, readFeaturizer } from "./featurizer_file.js";
import type { TrainingConfig } from "./training_config.js";

/** Names of the cells in the zoo. */
const cells: Readonly<Record<string, string>> = {
  FastGRNN: "edgeml/fastgrnn",
  // The same function with a kernel of its own.
  FastGRNNCUDA: "edgeml/fastgrnn",
  FastRNN: "edgeml/fastrnn",
  UGRNN: "edgeml/ugrnn",
  GRU: "edgeml/gru",
  LSTM: "edgeml/lstm",
};

/**
 * The training that a configuration describes.
 * @param categories labels in order
 * @param warn told what is supposed where the data does not say it
 * @throws UserError, UsageError for what cannot be trained
 */
export async function classifierRecipe(
  config: TrainingConfig,
  categories: readonly string[],
  warn: (line: string) => void,
): Promise<Recipe> {
  const { model, dataset, training } = config;
  const rows = readRowSet(join(dataset.path, rowSetName("training")));
  const frontend = await frontendOf(rows, dataset.featurizer, warn);
  const network = networkOf(config);
  const shape = { frames: rows.window, features: rows.bins, labels: categories.length };
  const graph = buildModel(network.name, network.options, shape);
  const drawn =
    dataset.sample_non_kw === null
      ? undefined
      : { label: dataset.sample_non_kw, share: dataset.sample_non_kw_probability ?? 0.5 };
  const others = rows.labels.filter((label) => label !== drawn?.label).length;
  const examples = drawn === undefined ? rows.labels.length : drawnPass(others, drawn.share);
  const rolling = training.rolling ? { maxLength: training.max_rolling_length } : undefined;
  if (training.max_epochs < 1) throw new UsageError("fastcells train_classifier: --epochs must be at least 1");
  const input: RecipeInput = {
    model: network,
    frontend,
    ...clipShape(frontend, rows.window, rows.rate),
    data: [{ kind: "rows", path: dataset.path }],
    task: { words: [...categories] },
    sampling: { order: "epochs", wholeBatches: true, ...(drawn ? { drawn } : {}) },
    augmentation: { archived: { frameShift: 0, gainDecibels: 0, noiseFrequency: 0 } },
    optimizer: optimizerOf(config),
    schedule: scheduleOf(config),
    // PyTorch adds the decay times the parameter to its gradient, biases too.
    l2: training.optimizer_options.weight_decay / 2,
    l2Parameters: graph.parameters.filter((p) => p.trainable).map(({ name }) => name),
    ...(model.sparsify ? { sparsity: { w: model.wSparsity, u: model.uSparsity, trimLevel: training.trim_level } } : {}),
    ...(rolling ? { rolling } : {}),
    batch: training.batch_size,
    steps: stepsOfPasses({ examples, batch: training.batch_size, rolling }, training.max_epochs),
    validateEvery: 0,
  };
  return parseRecipe(input, "train_classifier");
}

/** The front end that made the rows. */
async function frontendOf(rows: RowSet, featurizer: string, warn: (line: string) => void): Promise<EllFrontend> {
  if (rows.frontend !== null) {
    const described = describeFrontend(rows.frontend as Parameters<typeof describeFrontend>[0]);
    if (described.kind === "ell") return described;
    throw new UserError(`${rows.path}: its front end is ${described.kind}; these programs know ELL's featurizer`);
  }
  if (featurizer.endsWith(".ell")) return (await readFeaturizer(featurizer)).frontend;
  const preset = frontendPreset("ell") as EllFrontend;
  if (rows.rate === 16_000 && rows.hop === preset.inputBufferSize && rows.bins === preset.filterbankSize) {
    warn(
      `${rows.path}: the rows do not say how they were made; they are taken for those of the published make_featurizer command`,
    );
    return preset;
  }
  throw new UserError(
    `${rows.path}: the rows do not say how they were made; name the .ell file of make_featurizer as dataset.featurizer in --config`,
  );
}

function networkOf({ model, dataset }: TrainingConfig): { name: string; options: Record<string, unknown> } {
  const name = cells[model.architecture];
  if (name === undefined)
    throw new UsageError(
      `fastcells train_classifier: --architecture ${model.architecture}: there are ${Object.keys(cells).join(", ")}`,
    );
  if (model.architecture === "FastGRNNCUDA" && model.update_nonlinearity !== "tanh")
    throw new UsageError("fastcells train_classifier: FastGRNNCUDA has tanh as update_nonlinearity; take FastGRNN for another");
  const layers = [1, 2, 3].slice(0, model.num_layers);
  const values = model as unknown as Record<string, number | null>;
  const options: Record<string, unknown> = {
    numLayers: model.num_layers,
    gateNonlinearity: model.gate_nonlinearity,
    updateNonlinearity: model.update_nonlinearity,
    normalize: dataset.normalize,
  };
  for (const layer of layers) {
    options[`hiddenUnits${layer}`] = values[`hidden_units${layer}`];
    options[`wRank${layer}`] = values[`wRank${layer}`] ?? 0;
    options[`uRank${layer}`] = values[`uRank${layer}`] ?? 0;
  }
  return { name, options };
}

function optimizerOf({ training: { optimizer, optimizer_options: o } }: TrainingConfig): RecipeInput["optimizer"] {
  if (optimizer === "SGD") {
    if (o.dampening !== 0) throw new UsageError("train_classifier: optimizer_options.dampening other than 0 is not offered");
    return { kind: "sgd", momentum: o.momentum, nesterov: o.nesterov };
  }
  if (optimizer === "Adam") return { kind: "adam", beta1: o.betas[0], beta2: o.betas[1], epsilon: o.eps };
  if (optimizer === "RMSprop")
    return { kind: "rmsprop", decay: o.alpha, epsilon: o.eps, momentum: o.momentum, centered: o.centered };
  throw new UsageError(`train_classifier: the optimizer ${optimizer} is not offered; there are SGD, Adam and RMSprop`);
}

function scheduleOf({ training }: TrainingConfig): RecipeInput["schedule"] {
  const { learning_rate: rate, lr_scheduler: name, lr_peaks: peaks, lr_gamma: gamma, lr_step_size: every } = training;
  const last = training.lr_min || rate;
  if (name === "CosineAnnealingLR") return { kind: "cosine", rate, last, peaks };
  if (name === "TriangleLR") return { kind: "triangular", rate, last, peaks, gamma };
  if (name === "ExponentialLR") return { kind: "decay", rate, gamma };
  if (name === "StepLR") return { kind: "decay", rate, gamma, every: Math.max(1, every) };
  if (name === "ExponentialResettingLR") return { kind: "decay", rate, gamma, restart: true };
  if (name === null) return { kind: "constant", rate };
  throw new UsageError(`train_classifier: there is no lr_scheduler ${name}`);
}
