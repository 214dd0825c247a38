import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { UsageError } from "../base/errors.js";
import { Progress } from "../base/progress.js";
import type { FrontendDescription } from "../frontend/frontend.js";
import type { RowOptions } from "../train/featurize.js";
import { realNumber, wholeNumber } from "./arguments.js";
import { interruptible } from "./interrupt.js";
import { type CommonOptions, printJson, printNext, printText, shellWord } from "./output.js";
import { addTaskOptions, datasetOptions, type TaskArguments } from "./task_options.js";

interface FeaturizeArguments extends CommonOptions, TaskArguments {
  out: string;
  frontend: string;
  rate: number;
  samples?: number;
  window?: number;
  shift?: number;
  noise?: string;
  noiseRatio?: number;
  noiseSelection?: number;
  workers?: number;
  seed: number;
  replace?: boolean;
  target?: "oracle" | "wasm" | "native" | "auto";
}

/** `earshot data featurize`: the features of every clip as one archive. */
export function register(data: Command): void {
  const command = addTaskOptions(
    data
      .command("featurize")
      .description(
        "Compute the features of every clip of every split and write them as an archive (features.npy, index.csv, features.json), " +
          "from which training reads without decoding sounds again.",
      )
      .argument("<data>", "folder of the data set, or a JSONL manifest")
      .requiredOption("-o, --out <archive>", "folder of the archive"),
  )
    .option("--frontend <file>", "front end: a JSON file or a name (arm, kws_streaming, log_mel_4k)", "arm")
    .option("--rate <Hz>", "sample rate", wholeNumber(1000, 384_000), 16_000)
    .option("--samples <n>", "samples of a clip (default: one second)", wholeNumber(1, 1 << 24))
    .option("--window <frames>", "cut recordings into rows of so many frames instead of clips", wholeNumber(1, 100_000))
    .option("--shift <frames>", "with --window: from one row to the next (default: the window)", wholeNumber(1, 100_000))
    .option("--noise <folder>", "with --window: mix the sounds of this folder into some recordings")
    .option("--noise-ratio <x>", "with --noise: factor of the noise (default: 0.1)", realNumber(0, 100))
    .option("--noise-selection <x>", "with --noise: share of the recordings (default: 0.1)", realNumber(0, 1))
    .option("--workers <n>", "with --window: threads (default: one a core)", wholeNumber(0, 64))
    .option("--seed <n>", "seed of the pieces of background noise that stand for silence", wholeNumber(0, 2 ** 31 - 1), 0)
    .option("--replace", "replace an archive that is there");
  command
    .addOption(
      command.createOption("--target <name>", "what computes").choices(["auto", "native", "wasm", "oracle"]).default("auto"),
    )
    .option("--json", "print one JSON object")
    .action(featurizeData);
}

async function featurizeData(root: string, options: FeaturizeArguments): Promise<void> {
  const { openDataset } = await import("../corpus/dataset.js");
  const { featurize } = await import("../train/featurize.js");
  const frontend = await frontendNamed(options.frontend);
  const dataset = openDataset(root, { ...datasetOptions(options), seed: options.seed });
  const { rate, samples = rate, seed, replace, target } = options;
  const rows = await rowOptions(options);
  let progress: Progress | undefined;
  const onProgress = (done: number, total: number) => (progress ??= new Progress("featurizing", total, "clips")).update(done);
  const work = (signal: AbortSignal) =>
    featurize(dataset, frontend, options.out, { sound: { samples, rate }, rows, seed, replace, target, onProgress, signal });
  const result = await interruptible(work, "no archive was written").finally(() => progress?.end());
  if (options.json === true) {
    printJson({ ...result, labels: dataset.labels, frontend });
    return;
  }
  const { training, validation, testing } = result.clips;
  const megabytes = (result.bytes / 1e6).toFixed(1);
  printText(`${result.root}: ${result.count} arrays of ${result.shape.join(" x ")} (${result.type}, ${megabytes} MB)`);
  printText(`${training} training, ${validation} validation, ${testing} testing; split by ${dataset.rule}`);
  const words = options.words === undefined ? "" : ` --words ${shellWord([options.words].flat().join(","))}`;
  printNext(`earshot train --features ${shellWord(result.root)}${words} --out runs/first`, options);
}

async function rowOptions(options: FeaturizeArguments): Promise<RowOptions | undefined> {
  const { window, shift, noise, noiseRatio, noiseSelection, workers, samples, rate } = options;
  if (window === undefined) {
    for (const [name, value] of Object.entries({
      shift,
      noise,
      "noise-ratio": noiseRatio,
      "noise-selection": noiseSelection,
      workers,
    }))
      if (value !== undefined) throw new UsageError(`--${name} goes with --window`);
    return undefined;
  }
  if (samples !== undefined)
    throw new UsageError("--samples and --window exclude each other: a row has as many samples as its frames need");
  if (noise === undefined && (noiseRatio !== undefined || noiseSelection !== undefined))
    throw new UsageError("--noise-ratio and --noise-selection go with --noise FOLDER");
  const { availableParallelism } = await import("node:os");
  const { loadNoiseStream } = await import("../corpus/noise_bank.js");
  const { listSounds } = await import("../corpus/scan.js");
  const mixed =
    noise === undefined
      ? undefined
      : {
          samples: await loadNoiseStream(
            listSounds(noise).map((file) => join(noise, file)),
            { rate },
          ),
          ratio: noiseRatio ?? 0.1,
          selection: noiseSelection ?? 0.1,
        };
  return { window, shift: shift ?? window, noise: mixed, workers: workers ?? availableParallelism() };
}

/** A front end by the file or the name that the user gives. */
async function frontendNamed(name: string): Promise<FrontendDescription> {
  const { readFrontend } = await import("../frontend/frontend.js");
  const { frontendPreset } = await import("../frontend/presets.js");
  if (!existsSync(name)) {
    if (/[./\\]/.test(name)) throw new UsageError(`${name}: there is no such file; check --frontend`);
    return frontendPreset(name);
  }
  return readFrontend(name);
}
