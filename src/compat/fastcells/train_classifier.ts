import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { UsageError, UserError } from "../../base/errors.js";
import type { Split } from "../../corpus/clip.js";
import { type RowSet, readRowSet, rowSetName } from "../../corpus/row_set.js";
import { readNameList } from "../../corpus/training_list.js";
import { loadModel } from "../../formats/model_file.js";
import { encodeNpy } from "../../formats/npy.js";
import { writeFileSafely } from "../../formats/write_file.js";
import { runFiles } from "../../train/run_folder.js";
import { train } from "../../train/train.js";
import { freeFolder } from "../free_folder.js";
import type { CompatProgram, ProgramContext } from "../program.js";
import { applyFlags, type ClassifierFlags, classifierFlags } from "./classifier_flags.js";
import { classifierRecipe } from "./classifier_recipe.js";
import { epochText, loadedText, modelBytes, optimizerText } from "./classifier_texts.js";
import { measureRows } from "./measure_rows.js";
import { readFlags } from "./read_flags.js";
import { configText, defaultConfig, hasConfig, readConfig, type TrainingConfig } from "./training_config.js";

/** EdgeML's train_classifier.py: trains a recurrent classifier on the rows of make_dataset. */
export const program: CompatProgram = {
  async run(args, context) {
    const flags = readFlags("train_classifier", classifierFlags, args, context);
    if (flags === undefined) return 0;
    const { values, given } = flags;
    const { warn } = context;
    const config = values.config === "" ? defaultConfig() : await readConfig(values.config, warn);
    applyFlags(config, values, given);
    if (values.azureml !== "") warn("--azureml: there is no telemetry; nothing is sent");
    const work = await openWork(config, values, context);
    if (!hasConfig()) await writeFileSafely("config.json", Buffer.from(configText(config)));
    return values.eval ? evaluateOnly(work) : trainAndMeasure(work);
  },
};

/** What a call works with. */
interface Work {
  readonly config: TrainingConfig;
  readonly values: ClassifierFlags;
  readonly context: ProgramContext;
  readonly categories: readonly string[];
  /** Path of the model file. */
  readonly model: string;
}

async function openWork(config: TrainingConfig, values: ClassifierFlags, context: ProgramContext): Promise<Work> {
  const { dataset, model } = config;
  if (/^(\.{0,2}|-)$/.test(basename(model.filename)))
    throw new UsageError(`fastcells train_classifier: --filename ${JSON.stringify(model.filename)} is no name of a file`);
  if (dataset.path === "" || !existsSync(dataset.path) || !statSync(dataset.path).isDirectory())
    throw new UserError(`### Error: please specify valid --dataset folder location: ${dataset.path}`);
  for (const split of ["training", "validation", "testing"] as const)
    if (!existsSync(dataFile(config, split)))
      throw new UserError(`Missing file ${dataFile(config, split)}; make it with 'earshot compat fastcells make_dataset'`);
  const categories = await readNameList(dataset.categories || join(dataset.path, "categories.txt"));
  if (config.training.use_gpu) context.print("### CUDA not available!!");
  return { config, values, context, categories, model: join(values.outdir, basename(model.filename)) };
}

const dataFile = ({ dataset }: TrainingConfig, split: Split): string => join(dataset.path, rowSetName(split));

/** Reads what a data set is, and says so. */
function announce({ config, context }: Work, split: Split): RowSet {
  const file = dataFile(config, split);
  context.print(`Loading ${file}...`);
  const set = readRowSet(file);
  context.print(loadedText(basename(file), set));
  return set;
}

async function trainAndMeasure(work: Work): Promise<number> {
  const { config, values, context, categories, model } = work;
  const { print, warn, signal } = context;
  const testing = announce(work, "testing");
  const training = announce(work, "training");
  announce(work, "validation");
  const recipe = await classifierRecipe(config, categories, warn);
  print(`Training model ${config.model.filename}`);
  print(`${config.model.gate_nonlinearity} ${config.model.update_nonlinearity}`);
  print(
    `Training ${config.model.num_layers} layer ${config.model.architecture} using ${training.labels.length} rows of featurized training input...`,
  );
  print(optimizerText(config));
  const log: object[] = [];
  let epoch = 0;
  const { run, seconds, end } = await train(recipe, {
    out: freeFolder(values.outdir),
    talk: false,
    signal,
    onStep: (step, { loss, learningRate }) => {
      if (values.detail) log.push({ iteration: step - 1, loss, learning_rate: learningRate });
    },
    onValidation: (_, { accuracy }, __, { loss, learningRate }) => {
      print(epochText(epoch, loss, accuracy, learningRate));
      log.push({ epoch: epoch++, loss, accuracy, learning_rate: learningRate });
    },
  });
  if (end === "interrupted") warn(`stopped; go on with: earshot train --resume ${run}`);
  signal.throwIfAborted();
  print(`Trained in ${seconds.toFixed(2)} seconds`);
  // The last model, not the best: as the original has it.
  await writeFileSafely(model, await readFile(join(run, runFiles.last)));
  const trained = await loadModel(model);
  print(`Model size ${modelBytes(trained)}`);
  if (config.dataset.normalize) await saveNormalisation(work, trained.parameters as ReadonlyMap<string, Float32Array>);
  const own = await measureRows(model, config.dataset.path, "training", signal);
  print(`Training accuracy = ${(100 * own.accuracy).toFixed(3)} %`);
  const accuracy = await measureTesting(work, testing);
  // What onnx_import would make of the .onnx file.
  await writeFileSafely(join(values.outdir, "model.ell"), await readFile(model));
  print(`saved models: ${model}, ${join(values.outdir, "model.ell")}`);
  warn(`${basename(model, extname(model))}.onnx is not there yet: compile takes ${basename(model)} or model.ell as they are`);
  const { rate, hop, bins, window, shift } = testing;
  const dataset = { ...config.dataset, sample_rate: rate, input_size: hop, num_filters: bins, window_size: window, shift };
  const results = { accuracy_val: accuracy, training_time: seconds, log, ...config, dataset };
  await writeFileSafely(join(values.outdir, "train_results.json"), Buffer.from(configText(results)));
  return 0;
}

/** mean.npy and std.npy, which the model has too. */
async function saveNormalisation({ values, context }: Work, parameters: ReadonlyMap<string, Float32Array>): Promise<void> {
  const mean = parameters.get("normalize.mean") as Float32Array;
  const deviation = (parameters.get("normalize.factor") as Float32Array).map((factor) => 1 / factor);
  for (const [name, data] of [
    ["mean", mean],
    ["std", deviation],
  ] as const) {
    const path = join(values.outdir, `${name}.npy`);
    context.print(`Saving ${path}`);
    await writeFileSafely(path, encodeNpy("f32", [data.length], Float32Array.from(data)));
  }
}

async function measureTesting({ config, values, context, model }: Work, testing: RowSet): Promise<number> {
  const { print, signal } = context;
  print(
    `Evaluating ${config.model.architecture} keyword spotter using ${testing.labels.length} rows of featurized test audio...`,
  );
  const { accuracy, answers } = await measureRows(model, config.dataset.path, "testing", signal);
  const file = join(values.outdir, "results.txt");
  print(`Saving evaluation results in '${file}'`);
  await writeFileSafely(file, Buffer.from(JSON.stringify(answers).replaceAll(",", ", ")));
  print(`Testing accuracy = ${(100 * accuracy).toFixed(3)} %`);
  return accuracy;
}

async function evaluateOnly(work: Work): Promise<number> {
  const { config, context, categories } = work;
  const testing = announce(work, "testing");
  const { filename, hidden_units: units } = config.model;
  const model = [filename, work.model].find((path) => existsSync(path));
  if (model === undefined)
    throw new UserError(`${work.model}: there is no such model to evaluate; train it first, or name it with --filename`);
  context.print(
    `Loading trained model with input size ${testing.bins}, hidden units ${units} and num keywords ${categories.length}`,
  );
  await measureTesting({ ...work, model }, testing);
  return 0;
}
