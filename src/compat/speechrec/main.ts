import { readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { UsageError, UserError } from "../../base/errors.js";
import { systemReason } from "../../base/system_error.js";
import { makeTemporaryFolder } from "../../base/temporary_folder.js";
import { loadClip } from "../../corpus/load_clip.js";
import { isSoundName } from "../../corpus/scan.js";
import type { Model } from "../../formats/model.js";
import { saveModel } from "../../formats/model_file.js";
import type { Graph } from "../../graph/types.js";
import { openModel } from "../../measure/spotter_model.js";
import { train } from "../../train/train.js";
import { buildModel, findModel } from "../../zoo/index.js";
import { type FlagTable, flagHelp, type FlagValues, parseFlags, text, toggle, whole } from "../flags.js";
import type { CompatProgram, ProgramContext } from "../program.js";
import { speechRecTraining } from "./data.js";
import {
  classes,
  classOf,
  counts,
  loadWeights,
  type NetworkName,
  networkNames,
  networks,
  saveWeights,
  withLabels,
} from "./networks.js";
import { epochFigures, figuresBefore, figuresOnTraining, figureText } from "./training_log.js";

const flags = {
  dataset: text("data/", "folder of the data set (train and test in it), or of the sounds to predict", { also: ["-d"] }),
  model: text("", "network", { also: ["-m"], choices: networkNames, required: true }),
  epochs: whole(10, "epochs to train", { also: ["-e"] }),
  batch: whole(32, "clips of a step", { also: ["-b"] }),
  training: toggle(false, "train; otherwise every sound of the folder is predicted", { also: ["-t"] }),
  save: toggle(false, "write the weights after every epoch", { also: ["-s"] }),
  gpu: toggle(false, "taken; all is computed by the processor", { also: ["-g"] }),
} satisfies FlagTable;

type Values = FlagValues<typeof flags>;

/** `main.py`: trains one of the three networks, or predicts. */
export const program: CompatProgram = {
  async run(args, context) {
    const { values, help } = parseFlags(flags, args, { program: "speechrec main", words: [] });
    if (help) {
      context.print("earshot compat speechrec main ...");
      for (const line of flagHelp(flags)) context.print(line);
      return 0;
    }
    const network = values.model as NetworkName;
    if (values.gpu) context.warn("-g: there is no GPU here; all is computed by the processor");
    printCounts(publishedGraph(network), context);
    await (values.training ? trainNetwork(network, values, context) : predictFolder(network, values.dataset, context));
    return 0;
  },
};

function publishedGraph(network: NetworkName): Graph {
  const { published } = findModel(networks[network].zoo);
  return buildModel(published.name, {}, published.shape);
}

function printCounts(graph: Graph, { print }: ProgramContext): void {
  const { parameters, operations } = counts(graph);
  print("");
  print("Params(M)\t| FLOPs(G)");
  print(`${(parameters / 1e6).toFixed(2)}\t\t| ${(operations / 1e9).toFixed(2)}`);
  print("");
}

/** Says what is heard in the first second of every sound of a folder. */
async function predictFolder(network: NetworkName, folder: string, { print, warn, signal }: ProgramContext): Promise<void> {
  const model = await loadWeights(network);
  if (model === undefined)
    throw new UserError(`${networks[network].weights}: there are no weights to predict with; train them with -t -s`);
  const sounds: string[] = [];
  for (const name of namesIn(folder)) {
    if (isSoundName(name)) sounds.push(join(folder, name));
    else warn(`${join(folder, name)}: no sound; left out`);
  }
  if (sounds.length === 0) throw new UserError(`${folder}: there are no sounds in this folder`);
  const spotter = await openModel(model, { name: network });
  const heard: string[] = [];
  try {
    for (const path of sounds) {
      signal.throwIfAborted();
      print(`Predicting ${path}...`);
      const scores = await spotter.scoreSounds(
        await loadClip({ path, kind: "file" }, spotter.samples, { rate: spotter.rate }),
        1,
      );
      heard.push(classOf(spotter.labels[scores.indexOf(Math.max(...scores))] as string));
    }
  } finally {
    spotter.close();
  }
  print(`[${heard.map((label) => `'${label}'`).join(", ")}]`);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch (error) {
    throw new UserError(`${folder}: the folder cannot be read: ${systemReason(error)}`, { cause: error });
  }
}

async function trainNetwork(network: NetworkName, values: Values, context: ProgramContext): Promise<void> {
  for (const key of ["epochs", "batch"] as const)
    if (values[key] < 1) throw new UsageError(`speechrec main: --${key} '${values[key]}': it must be 1 or more`);
  const folder = makeTemporaryFolder("speechrec");
  try {
    await trainIn(folder, network, values, context);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Trains with a run in a folder that is not kept; what stays are the weights. */
async function trainIn(folder: string, network: NetworkName, values: Values, context: ProgramContext): Promise<void> {
  const { print, signal } = context;
  const before = await loadWeights(network);
  const from = before && join(folder, "before.safetensors");
  // Our trainings have silence first.
  const start = before && withLabels(before, ["_silence_", "_unknown_", ...classes.slice(2)]);
  if (from !== undefined && start !== undefined) await saveModel(from, start);
  const { epochs, batch } = values;
  const { recipe, stepsOfAnEpoch } = speechRecTraining({ network, root: values.dataset, epochs, batch, from, folder });
  print("{");
  const untrained = await figuresBefore(recipe, start);
  print("\nTest before training");
  print(`\t${figureText("Test", untrained)},`);
  print('\t"training": [');
  const run = join(folder, "run");
  let last: { model: Model; figures: { loss: number; accuracy: number } } | undefined;
  const outcome = await train(recipe, {
    out: run,
    signal,
    talk: process.stderr.isTTY === true,
    onValidation: async (step, figures, modelNow) => {
      const epoch = step / stepsOfAnEpoch;
      print(`\n\t\tEpoch: ${epoch}`);
      print(`\t\t\t${figureText("Training", await epochFigures(run, epoch, stepsOfAnEpoch))},`);
      print(`\t\t\t${figureText("Test", figures)},`);
      const model = modelNow();
      last = { model, figures };
      if (!values.save) return;
      print("Saving weights");
      await saveWeights(network, model);
    },
  });
  if (outcome.end === "interrupted") signal.throwIfAborted();
  if (last === undefined) return;
  const trained = await figuresOnTraining(recipe, last.model, stepsOfAnEpoch, signal);
  print("\n\t\tTest after training");
  print(`\t\t${figureText("Training", trained)},`);
  print(`\t\t${figureText("Test", last.figures)}`);
  print("\t],");
}
