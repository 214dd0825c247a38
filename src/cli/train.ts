import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { UsageError, UserError } from "../base/errors.js";
import { Progress } from "../base/progress.js";
import type { Recipe } from "../train/recipe.js";
import type { TrainingOutcome } from "../train/training_outcome.js";
import { commaList, realNumber, wholeNumber } from "./arguments.js";
import { interruptible } from "./interrupt.js";
import { publishedBy, startingRecipe } from "./named_training.js";
import { type CommonOptions, paint, printJson, printNext, printText, shellWord } from "./output.js";
import { isOfQuickstart, resumption } from "./quickstart_settings.js";
import { addTaskOptions, type TaskArguments } from "./task_options.js";
import { applyPretrained, ownWords } from "./train_from.js";
import { addRecipeOptions, applyRecipeFlags, type OptimizerArguments, setPath } from "./train_options.js";

interface TrainArguments extends CommonOptions, TaskArguments, OptimizerArguments {
  data?: string[];
  features?: string[];
  extra?: string[];
  weights?: number[];
  noise?: string[];
  frontend?: string;
  option?: string[];
  recipe?: string;
  from?: string;
  streaming?: boolean;
  freezeSteps?: number;
  bodyRate?: number;
  out?: string;
  resume?: string;
  workers?: number;
  loaderMemory?: number;
  profile?: boolean;
  threads?: number;
  target?: "oracle" | "wasm" | "native" | "auto";
  evaluate: boolean;
}

type Table = Record<string, unknown>;

const defaultModel = "ds_cnn_s";

const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

/** `earshot train`: trains a network and writes a run folder. */
export function register(program: Command): void {
  const command = program
    .command("train")
    .description("Train a network on sounds, feature archives or both; measure it; write a run folder with model and report.")
    .argument(
      "[model]",
      "network, such as ds_cnn_s, svdf, crnn (default: ds_cnn_s), or published training ('earshot recipes'), such as hello_edge_ds_cnn_s",
    )
    .option("--data <folder>", "data set with one folder a word, or a manifest; may be repeated", collect)
    .option("--features <archive>", "feature archive; may be repeated and mixed with --data", collect)
    .option("--extra <folder>", "further data that is only trained on, such as synthetic speech; may be repeated", collect)
    .option("--weights <list>", "shares of the sources among the draws, in the order --features, --data, --extra", weights)
    .option("--noise <folder>", "further background noise; may be repeated", collect)
    .option("--frontend <file>", "front end: a JSON file or a name (default: the archive's or the network's)")
    .option("--option <name=value>", "option of the network; may be repeated", collect)
    .option("--recipe <file>", "start from this recipe.json, or 'published' for the network's publication; flags override it")
    .option(
      "--from <model>",
      "start from a trained model (a file, or the name of one that comes with earshot) with a new label layer; network and front end are the model's",
    )
    .option("--streaming", "train for the context form of 'earshot stream': clips follow each other as in a stream")
    .option("--freeze-steps <n>", "with --from: first steps, in which only the label layer learns (default: 100)", wholeNumber(0))
    .option("--body-rate <x>", "with --from: factor on the learning rate of the other layers (default: 0.3)", realNumber(0, 100))
    .option("-o, --out <folder>", "folder of the run, new or empty")
    .option("--resume <run>", "go on with an interrupted run; takes no other options of the recipe");
  addRecipeOptions(addTaskOptions(command))
    .option("--workers <n>", "loader threads (default: by the machine)", wholeNumber(0, 3))
    .option("--loader-memory <MB>", "most memory of the loader, in MB (default: 1024)", wholeNumber(1, 1 << 20))
    .option("--threads <n>", "threads of the training step (default: by the machine)", wholeNumber(1, 256))
    .addOption(
      command.createOption("--target <name>", "what computes").choices(["auto", "native", "wasm", "oracle"]).default("auto"),
    )
    .option("--profile", "show where the time goes: step by kernel, loader by stage")
    .option("--no-evaluate", "do not measure the model at the end")
    .option("--json", "print one JSON object at the end")
    .action(train);
}

function weights(text: string): number[] {
  const list = commaList(text).map(Number);
  if (list.every((weight) => Number.isFinite(weight) && weight >= 0)) return list;
  throw new UsageError("--weights must be numbers from 0 with commas, such as 8,1,1");
}

async function train(model: string | undefined, options: TrainArguments): Promise<void> {
  const { resumeTraining, train: run } = await import("../train/train.js");
  const { out, resume } = options;
  if (out === undefined && resume === undefined)
    throw new UsageError("name the folder of the run with --out, or go on with --resume RUN");
  if (
    resume !== undefined &&
    (out !== undefined || model !== undefined || options.data || options.features || options.recipe || options.from)
  ) {
    throw new UsageError(
      "--resume takes everything from the run's recipe; leave out the model, --out, --data, --features, --recipe and --from",
    );
  }
  const folder = resume ?? (out as string);
  if (resume !== undefined && !existsSync(join(resume, "recipe.json")))
    throw new UserError(`${resume}: there is no recipe.json in this folder; give the folder of a run`);
  if (resume !== undefined && isOfQuickstart(resume))
    throw new UserError(
      `${resume}: this run is part of a quickstart, which does more than train; ${resumption(dirname(resolve(resume)))}`,
    );
  const again = `earshot train --resume ${shellWord(folder)}`;
  const outcome = await interruptible(async (signal) => {
    const { workers, threads, target } = options;
    const loaderMemory = options.loaderMemory === undefined ? undefined : options.loaderMemory * 2 ** 20;
    const settings = { out: folder, workers, threads, loaderMemory, profile: options.profile, target, signal };
    const result =
      resume === undefined
        ? await run(await recipeOf(model, options), settings)
        : await resumeTraining(settings, await wantedOf(resume, options));
    signal.throwIfAborted();
    return result;
  }, `what was reached is saved; go on with: ${again}`);
  await finish(outcome, options);
}

async function finish(outcome: TrainingOutcome, options: TrainArguments): Promise<void> {
  const { finishRun } = await import("../measure/finish_run.js");
  let progress: Progress | undefined;
  const onProgress = (done: number, total: number) => (progress ??= new Progress("evaluating", total, "clips")).update(done);
  const finished = options.evaluate
    ? await finishRun(outcome, { onProgress, target: options.target }).finally(() => progress?.end())
    : { model: join(outcome.run, "best.safetensors"), split: outcome.measured.split, evaluation: null, report: null };
  const { run, steps, end, bestAccuracy, bestStep, seconds, examplesPerSecond, loader, origin, notes } = outcome;
  const { trainingClips, validationClips, testingClips } = outcome;
  if (options.json === true) {
    const clips = { training: trainingClips, validation: validationClips, testing: testingClips };
    const summary = {
      run,
      steps,
      end,
      bestAccuracy,
      bestStep,
      seconds,
      examplesPerSecond,
      loader,
      target: origin.target,
      clips,
      notes,
    };
    const { profile } = outcome;
    printJson({ ...summary, ...finished, ...(profile === null ? {} : { profile }) });
    return;
  }
  const early = end === "patience" ? ", stopped early" : "";
  printText(`${steps} steps in ${seconds.toFixed(0)} s (${examplesPerSecond.toFixed(0)} examples/s, ${origin.target}${early})`);
  printText(`loader: ${loaderText(loader)}`);
  if (outcome.profile !== null) {
    const { renderProfile } = await import("./training_profile.js");
    printText(`\n${renderProfile(outcome.profile, paint)}\n`);
  }
  if (bestAccuracy !== null)
    printText(`best validation ${(bestAccuracy * 100).toFixed(2)} % of ${validationClips} clips at step ${bestStep}`);
  if (finished.evaluation !== null) {
    const { renderEvaluation } = await import("../measure/terminal.js");
    printText(`\n${finished.split}: ${renderEvaluation(finished.evaluation, paint)}`);
  }
  printText(`\nmodel  ${finished.model}`);
  if (finished.report !== null) printText(`report ${finished.report}`);
  printNext(`earshot predict ${shellWord(finished.model)} a-recording.wav`, options);
}

/** The recipe of a run with the flags that are given: where they change it, the run is not gone on with. */
async function wantedOf(run: string, options: TrainArguments): Promise<Recipe> {
  const { readRecipe } = await import("../train/run_folder.js");
  const { parseRecipe } = await import("../train/recipe.js");
  const recipe = JSON.parse(JSON.stringify(await readRecipe(join(run, "recipe.json")))) as Table;
  try {
    applyModel(recipe, undefined, options.option ?? []);
    applyTask(recipe, options);
    applyRecipeFlags(recipe, options as unknown as Table & OptimizerArguments);
    return parseRecipe(recipe, "the options");
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    // Whatever does not fit: the run's own recipe does.
    throw new UsageError(`${error.message} (--resume goes on with the run's recipe: leave its options out)`);
  }
}

/** "2 threads, 129 MB and up to 895 MB for decoding, of 1024 MB". */
function loaderText({ workers, bytes, decodingBytes, limit }: TrainingOutcome["loader"]): string {
  const megabytes = (n: number): string => `${Math.ceil(n / 2 ** 20)} MB`;
  const threads = workers === 0 ? "no thread of its own" : `${workers} thread${workers === 1 ? "" : "s"}`;
  const decoding = decodingBytes > 0 ? ` and up to ${megabytes(decodingBytes)} for decoding` : "";
  return `${threads}, ${megabytes(bytes)}${decoding}, of ${megabytes(limit)}`;
}

/**
 * The recipe that file and flags give, with all defaults.
 * @throws UserError for what does not fit, or cannot be read
 */
export async function recipeOf(named: string | undefined, options: TrainArguments): Promise<Recipe> {
  const { parseRecipe } = await import("../train/recipe.js");
  const published = await publishedBy(named, options);
  const model = published === undefined ? named?.toLowerCase().replaceAll("-", "_") : undefined;
  const value = published ?? (options.recipe === undefined ? {} : await startingRecipe(options.recipe, model ?? defaultModel));
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new UsageError(`${options.recipe}: a recipe is one JSON object`);
  const recipe = value as Table;
  await applyPretrained(recipe, model, options);
  applyModel(recipe, model, options.option ?? []);
  applySources(recipe, options);
  const place = options.recipe ?? "the options";
  // Once before its parts are looked into, once with the flags and the front end that follows from them.
  parseRecipe({ frontend: { kind: "" }, ...recipe }, place);
  applyTask(recipe, options);
  if (options.from !== undefined && recipe["task"] === undefined) recipe["task"] = ownWords(recipe["data"]);
  applyRecipeFlags(recipe, options as unknown as Table & OptimizerArguments);
  await applyFrontend(recipe, options);
  return parseRecipe(recipe, place);
}

function applyTask(recipe: Table, options: TaskArguments): void {
  const sources = recipe["data"] as readonly { kind: string }[];
  if (options.splitBy !== undefined && !sources.some(({ kind }) => kind === "sounds"))
    throw new UsageError("--split-by is about sounds, and arrays bring their split; leave it out");
  for (const key of ["words", "silence", "unknown", "splitBy"] as const)
    if (options[key] !== undefined) setPath(recipe, ["task", key], options[key]);
}

function applyModel(recipe: Table, model: string | undefined, given: readonly string[]): void {
  const named = recipe["model"] as Table | undefined;
  // Another network has other options.
  if (model !== undefined && named?.["name"] !== model) recipe["model"] = { name: model };
  recipe["model"] ??= { name: defaultModel };
  for (const item of given) {
    const [, name, value] = /^([^=]+)=(.*)$/.exec(item) ?? [];
    if (name === undefined) throw new UsageError(`--option ${item}: write name=value`);
    setPath(recipe, ["model", "options", name], value);
  }
}

function applySources(recipe: Table, { features = [], data = [], extra = [], weights: shares, noise }: TrainArguments): void {
  const sources = [
    ...features.map((path) => ({ kind: isRows(path) ? "rows" : "archive", path })),
    ...data.map((path) => ({ kind: "sounds", path })),
    ...extra.map((path) => ({ kind: existsSync(join(path, "features.npy")) ? "archive" : "sounds", path, validate: false })),
  ];
  if (sources.length > 0) {
    if (shares !== undefined && shares.length !== sources.length)
      throw new UsageError(`--weights has ${shares.length} numbers for ${sources.length} sources; give one for each`);
    recipe["data"] = sources.map((source, i) => (shares === undefined ? source : { ...source, weight: shares[i] }));
  } else if (recipe["data"] === undefined) {
    throw new UsageError("name what to train on with --data FOLDER, --features ARCHIVE, or both");
  }
  if (noise !== undefined) recipe["noise"] = noise;
}

async function applyFrontend(recipe: Table, { frontend }: TrainArguments): Promise<void> {
  const { describeFrontend, readFrontend } = await import("../frontend/frontend.js");
  const { frontendPreset } = await import("../frontend/presets.js");
  const { findModel } = await import("../zoo/index.js");
  if (frontend !== undefined) {
    recipe["frontend"] = existsSync(frontend) ? await readFrontend(frontend) : frontendPreset(frontend);
  }
  if (recipe["frontend"] !== undefined) {
    recipe["frontend"] = describeFrontend(recipe["frontend"] as Parameters<typeof describeFrontend>[0]);
    return;
  }
  const sources = recipe["data"] as { kind: string; path: string }[];
  const rows = sources.find((source) => source.kind === "rows");
  if (rows !== undefined) return applyRows(recipe, rows.path);
  const archive = sources.find((source) => source.kind === "archive");
  if (archive !== undefined) {
    recipe["frontend"] = await frontendOfArchive(archive.path);
    return;
  }
  const { published } = findModel(String((recipe["model"] as Table)["name"]));
  recipe["frontend"] = published.frontend;
  // Networks that pad nothing need more than a second.
  if (published.samples !== undefined) recipe["samples"] ??= published.samples;
}

/** Whether a path is a data set of rows, as make_dataset writes them. */
function isRows(path: string): boolean {
  return path.toLowerCase().endsWith(".npz") || existsSync(join(path, "training_list.npz"));
}

/** Front end, rate and length of a clip as the rows say. */
async function applyRows(recipe: Table, path: string): Promise<void> {
  const { readRowSet, rowSetName } = await import("../corpus/row_set.js");
  const { describeFrontend } = await import("../frontend/frontend.js");
  const { clipShape } = await import("../train/row_shape.js");
  const file = path.toLowerCase().endsWith(".npz") ? path : join(path, rowSetName("training"));
  const { frontend, rate, window } = readRowSet(file);
  if (frontend === null)
    throw new UserError(`${file}: the rows do not say their front end; hand it over with --frontend FILE.json`);
  const description = describeFrontend(frontend as Parameters<typeof describeFrontend>[0]);
  const sound = clipShape(description, window, rate);
  Object.assign(recipe, { frontend: description, rate: sound.rate, samples: sound.samples });
}

async function frontendOfArchive(path: string): Promise<unknown> {
  const { openArchive } = await import("../corpus/archive.js");
  const archive = openArchive(path);
  archive.close();
  const { frontend } = archive.description;
  if (frontend !== null) return frontend;
  throw new UserError(`${path}: the archive does not say its front end; hand it over with --frontend FILE.json`);
}
