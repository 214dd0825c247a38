import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { UsageError, UserError } from "../base/errors.js";
import { Progress } from "../base/progress.js";
import type { Split } from "../corpus/clip.js";
import type { SpotterEvaluation } from "../measure/evaluate.js";
import type { Evaluation } from "../measure/metrics.js";
import type { Runtime } from "../measure/runtime.js";
import type { Spotter } from "../measure/spotter.js";
import type { ClipSet } from "../train/sources.js";
import { realNumber, wholeNumber } from "./arguments.js";
import { addDetectionOptions } from "./detection_options.js";
import { measureStream, rateAnHour, type StreamArguments } from "./evaluate_recording.js";
import { refuseOtherSubject } from "./evaluate_subject.js";
import { interruptible } from "./interrupt.js";
import { tellMissing } from "./missing_words.js";
import { addModelOptions } from "./model_options.js";
import { type CommonOptions, paint, printJson, printNext, printText, shellWord } from "./output.js";
import { packageVersion } from "./version.js";

interface EvaluateArguments extends CommonOptions, StreamArguments {
  data?: string;
  features?: string;
  split: Split;
  splitBy?: "lists" | "hash" | "folders";
  all?: boolean;
  runtime?: Runtime;
  reference?: string;
  frontend?: string;
  labels?: string;
  target?: "oracle" | "wasm" | "native" | "auto";
  threads?: number;
  confusion?: boolean;
  out?: string;
  streamClips?: "context" | "window";
  reset?: boolean;
  order?: number;
}

/** `earshot evaluate MODEL`: accuracy and confusion on every clip of a split. */
export function register(program: Command): void {
  const command = program
    .command("evaluate")
    .description("Measure a model on every clip of a split: accuracy with its interval, each label, the confusion matrix.")
    .argument(
      "<models...>",
      "model files, .tflite files, folders of runs, or names of models that come with earshot; of several, mean and deviation too",
    )
    .option("--data <folder>", "data set with one folder a word, or a manifest")
    .option("--features <archive>", "feature archive instead of sounds");
  command
    .addOption(
      command.createOption("--split <name>", "which part").choices(["training", "validation", "testing"]).default("testing"),
    )
    .addOption(
      command
        .createOption("--split-by <rule>", "how clips are split (default: what the data set brings)")
        .choices(["lists", "hash", "folders"]),
    )
    .option("--all", "take every clip of the data set, however it is split");
  addModelOptions(command)
    .option("--threads <n>", "threads (default: 1)", wholeNumber(1, 256))
    .addOption(
      command
        .createOption("--stream-clips <form>", "stream the clips one after another through the model ('earshot stream')")
        .choices(["context", "window"]),
    )
    .option("--reset", "with --stream-clips: hear every clip alone, silence after it")
    .option("--order <n>", "with --stream-clips: which of the orders they follow each other in (default: 0)", wholeNumber(0, 1e6))
    .option("--stream <recording>", "measure on a long recording: false accepts an hour, misses, latency, at every threshold")
    .option("--truth <file>", "with --stream: what is said in it ('earshot data long' writes it; MLPerf Tiny's files are read)")
    .option(
      "--tolerance <s>",
      "with --stream: seconds after a word's end in which its detection is right",
      realNumber(0, 10),
      0.5,
    )
    .option(
      "--choose-threshold <rate>",
      "with --stream: name the threshold for so many false accepts an hour, as 3/h",
      rateAnHour,
    )
    .option(
      "--keep-threshold <file>",
      "with --choose-threshold: write the model with this threshold, by which 'earshot listen' goes",
    );
  addDetectionOptions(command)
    .option("--confusion", "print the confusion matrix too")
    .option("-o, --out <run>", "folder of a run: write its evaluation.json, from which 'earshot report' is made")
    .option("--json", "print one JSON object")
    .action(evaluate);
}

async function evaluate(names: readonly string[], options: EvaluateArguments, command: Command): Promise<void> {
  refuseOtherSubject(command);
  if (options.stream !== undefined) {
    if (names.length > 1) throw new UsageError(`--stream takes one model, and ${names.length} are named`);
    return measureStream(names[0], options);
  }
  if (options.data !== undefined && options.features !== undefined)
    throw new UsageError("--data and --features exclude each other; leave one of them out");
  if (options.data === undefined && options.features === undefined)
    throw new UsageError("name what to measure on with --data FOLDER or with --features ARCHIVE");
  if (options.out !== undefined && names.length > 1)
    throw new UsageError(`--out takes the evaluation of one model, and ${names.length} are named`);
  if (options.streamClips === undefined && (options.reset === true || options.order !== undefined))
    throw new UsageError(`${options.reset === true ? "--reset" : "--order"} goes with --stream-clips`);
  if (options.streamClips !== undefined && options.out !== undefined)
    throw new UsageError("--stream-clips writes no evaluation; leave --out out");
  if (options.confusion === true && names.length > 1)
    throw new UsageError(`--confusion shows the matrix of one model, and ${names.length} are named; --json has those of all`);
  const evaluations: Evaluation[] = [];
  for (const name of names)
    evaluations.push(await (options.streamClips === undefined ? measure(name, options) : measureStreamed(name, options)));
  if (names.length > 1) return printSeveral(names, evaluations, options);
  const [evaluation] = evaluations as [Evaluation];
  if (options.json === true) {
    printJson({ name: names[0], ...evaluation });
    return;
  }
  const { renderConfusion, renderEvaluation } = await import("../measure/terminal.js");
  printText(renderEvaluation(evaluation, paint));
  if (options.confusion === true) printText(`\n${renderConfusion(evaluation, paint)}`);
  printNext(`earshot predict ${shellWord(names[0] as string)} a-recording.wav`, options);
}

/** A line for each model, then mean and standard deviation, as of trainings that differ in their seed. */
async function printSeveral(
  names: readonly string[],
  evaluations: readonly Evaluation[],
  options: EvaluateArguments,
): Promise<void> {
  const { summarizeSeeds } = await import("../measure/seeds.js");
  const summary = summarizeSeeds(evaluations.map((e) => e.accuracy));
  const [task, ...others] = evaluations.map((e) => e.labels.toSorted().join("\n"));
  const other = names.slice(1).find((_, i) => others[i] !== task);
  if (other !== undefined)
    process.stderr.write(
      `note: ${other} has other labels than ${names[0]}: they are measured on other tasks, and their mean says nothing\n`,
    );
  if (options.json === true) {
    printJson({ models: names.map((name, i) => ({ name, ...evaluations[i] })), ...summary });
    return;
  }
  const percent = (x: number): string => `${(x * 100).toFixed(2)} %`;
  names.forEach((name, i) =>
    printText(`${percent((evaluations[i] as Evaluation).accuracy)} of ${(evaluations[i] as Evaluation).clips} clips  ${name}`),
  );
  printText(`mean ${percent(summary.mean)}, standard deviation ${summary.deviation === null ? "-" : percent(summary.deviation)}`);
}

async function measure(name: string, options: EvaluateArguments): Promise<Evaluation> {
  const { openSpotter } = await import("../measure/spotter.js");
  const { evaluateSpotter } = await import("../measure/evaluate.js");
  const spotter = await openSpotter(name, options);
  const set = await clipsOf(spotter, options);
  let progress: Progress | undefined;
  const onProgress = (done: number, total: number) => (progress ??= new Progress("evaluating", total, "clips")).update(done);
  const arrays = set.kind === "archive" ? await openArrays(spotter, set.root) : undefined;
  const measured = await interruptible(
    (signal) => evaluateSpotter(spotter, [set], { onProgress, signal, arraysToFeatures: arrays?.of }),
    "nothing was written",
  ).finally(() => {
    progress?.end();
    arrays?.close();
    spotter.close();
  });
  if (options.out !== undefined) await keep(options.out, name, spotter, measured, options);
  return measured.evaluation;
}

/** Accuracy on the clips streamed one after another. */
async function measureStreamed(name: string, options: EvaluateArguments): Promise<Evaluation> {
  const { resolveModel } = await import("../formats/shipped.js");
  const { loadModel } = await import("../formats/model_file.js");
  const { evaluateStreamedClips } = await import("../measure/evaluate_stream.js");
  const path = resolveModel(name);
  if (path.toLowerCase().endsWith(".tflite")) throw new UserError(`${path}: give the .safetensors file that it was made from`);
  const model = await loadModel(path);
  const set = await clipsOf(model, options);
  let progress: Progress | undefined;
  const onProgress = (done: number, total: number) => (progress ??= new Progress("streaming", total, "clips")).update(done);
  const { streamClips: form, reset = false, order, target } = options;
  return interruptible(
    (signal) => evaluateStreamedClips(model, set, { form, reset, order, target, onProgress, signal }),
    "nothing was written",
  ).finally(() => progress?.end());
}

/** Writes evaluation.json into a run's folder. */
async function keep(
  folder: string,
  name: string,
  { size }: Spotter,
  measured: SpotterEvaluation,
  { data, features, split, all }: EvaluateArguments,
): Promise<void> {
  const { EVALUATION_FILE, recipeOfRun } = await import("../measure/read_run.js");
  const { readEvaluationFile, recordOfEvaluation, writeEvaluationFile } = await import("../measure/evaluation_file.js");
  const versions = { earshot: packageVersion(), node: process.version };
  const part = all === true ? "all" : split;
  const named = { model: name, ...(await recipeOfRun(folder)) };
  const file = join(folder, EVALUATION_FILE);
  // How long the training took is known from then only.
  const { training } = existsSync(file) ? await readEvaluationFile(file).catch(() => ({ training: undefined })) : {};
  const where = {
    ...named,
    ...(training === undefined ? {} : { training }),
    ...size,
    data: resolve((data ?? features) as string),
    split: part,
    versions,
  };
  await writeEvaluationFile(file, recordOfEvaluation(where, measured));
}

async function clipsOf(
  { labels }: { readonly labels: readonly string[] },
  { data, features, split, splitBy, all }: EvaluateArguments,
): Promise<ClipSet> {
  const { arraySet, soundsSet } = await import("../measure/named_set.js");
  const root = (data ?? features) as string;
  const options = { splitBy, all, partial: tellMissing(root), remedy: "choose another --split, or --all" };
  return data === undefined ? arraySet(root, split, labels, options) : soundsSet(root, split, labels, options);
}

async function openArrays(spotter: Spotter, root: string): Promise<import("../measure/array_features.js").ArrayFeatures> {
  const { openArrayFeatures } = await import("../measure/array_features.js");
  return openArrayFeatures(spotter, [root]);
}
