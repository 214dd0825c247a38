import { existsSync, readdirSync } from "node:fs";
import { UserError } from "../../base/errors.js";
import { getSpeechCommands, speechCommandsArchives } from "../../corpus/speech_commands.js";
import { loadModel } from "../../formats/model_file.js";
import type { Model } from "../../formats/model.js";
import { printGraph } from "../../graph/text_print.js";
import { evaluateSpotter } from "../../measure/evaluate.js";
import { openModel } from "../../measure/spotter_model.js";
import { assemble } from "../../train/assemble.js";
import type { Recipe } from "../../train/recipe.js";
import type { CompatProgram, ProgramContext } from "../program.js";
import { type CommandLine, readCommandLine } from "./command_line.js";
import { measureAndConvert } from "./evaluation.js";
import { bit } from "./frontend.js";
import { recipeOf } from "./recipe.js";
import { writeFlagsJson } from "./settings_files.js";
import { testClips, wholeBatches } from "./test_clips.js";
import { pythonFloat, TrainDir, trainFiles } from "./train_dir.js";
import { trainModel } from "./training.js";

/** kws_streaming's train/model_train_eval.py: trains, measures in every form, converts. */
export const program: CompatProgram = {
  async run(args, context) {
    const line = readCommandLine(args, context.print);
    if (line === undefined) return 0;
    const recipe = recipeOf(line);
    const folder = new TrainDir(line.base.train_dir);
    for (const warning of unused(line)) context.warn(warning);
    if (bit("train", line.base.train)) {
      await fetchData(line, context);
      await trainModel(line, recipe, folder, context);
      await measureLast(line, recipe, folder, context);
    } else if (!existsSync(folder.path)) {
      throw new UserError(`model is not trained: there is no folder ${folder.path}; set "--train 1" and retrain it`);
    } else await fetchData(line, context);
    await writeFlagsJson(folder, line);
    const model = await modelOf(folder, recipe);
    await measureAndConvert({ line, model, clips: testClips(recipe), folder, context });
    for (const note of leftOut(line)) context.print(note);
    return 0;
  },
};

/** Flags that the original reads and never uses. */
function unused({ given }: CommandLine): string[] {
  return ["start_checkpoint", "save_step_interval"]
    .filter((name) => given.has(name))
    .map((name) => `kws-streaming: --${name} is read and never used, here as in the original`);
}

/** Fetches the archive where data_url names one and data_dir is empty. */
async function fetchData({ base }: CommandLine, context: ProgramContext): Promise<void> {
  const there = existsSync(base.data_dir) && readdirSync(base.data_dir).some((name) => !name.startsWith("."));
  if (base.data_url === "" || there) return;
  context.print(`fetching ${base.data_url} into ${base.data_dir}`);
  const url = base.data_url === speechCommandsArchives[2].url ? undefined : base.data_url;
  await getSpeechCommands(base.data_dir.replace(/\/+$/, ""), { version: 2, url, signal: context.signal });
}

/** accuracy_last.txt: the last weights on the testing clips, cut to whole batches. */
async function measureLast(line: CommandLine, recipe: Recipe, folder: TrainDir, context: ProgramContext): Promise<void> {
  const model = await loadModel(folder.join(trainFiles.lastWeights));
  const set = wholeBatches(testClips(recipe), line.base.batch_size);
  const spotter = await openModel(model, { name: trainFiles.lastWeights });
  try {
    const { evaluation } = await evaluateSpotter(spotter, [set], { signal: context.signal });
    const percent = evaluation.accuracy * 100;
    await folder.writeText([trainFiles.accuracyLast], pythonFloat(percent));
    context.print(`Final test accuracy = ${percent.toFixed(2)}% (N=${evaluation.clips})`);
  } finally {
    spotter.close();
  }
}

/** The model of the flags with the weights of best_weights. */
async function modelOf(folder: TrainDir, recipe: Recipe): Promise<Model> {
  const path = folder.join(trainFiles.bestWeights);
  if (!existsSync(path) && existsSync(`${path}.index`))
    throw new UserError(
      `${path}.index: these weights are TensorFlow's; what is measured here was trained here: give another --train_dir with --train 1`,
    );
  if (!existsSync(path))
    throw new UserError(`${path}: there are no trained weights in this folder; set "--train 1" and retrain it`);
  const found = await loadModel(path);
  const { graph, frontend, labels } = await assemble(recipe);
  const differs =
    printGraph(found.graph) !== printGraph(graph) ? "network" : found.labels.join() !== labels.join() ? "labels" : undefined;
  if (differs !== undefined)
    throw new UserError(
      `${path}: these weights are of another ${differs} than the flags describe; give the flags it was trained with`,
    );
  return { ...found, frontend, frontendDescription: recipe.frontend as Model["frontendDescription"] };
}

/** What the original writes beside and this does not, each with its reason. */
function leftOut({ base }: CommandLine): string[] {
  const notes = [
    "not written: SavedModels (TensorFlow's format; non_stream/ and stream_state_internal/ hold earshot's model files), graph.pbtxt, model_summary_*.png and logs/ for TensorBoard (restore/metrics.jsonl has the same figures)",
  ];
  if (base.preprocess !== "raw" || base.feature_type !== "mfcc_tf")
    notes.push(
      "quantize_opt_for_size_*: dynamic range quantization is not there yet; 'earshot quantize TRAIN_DIR/best_weights' makes full int8",
    );
  return notes;
}
