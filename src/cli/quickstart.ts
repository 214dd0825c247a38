import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { formatSeconds, Progress } from "../base/progress.js";
import { UsageError } from "../base/errors.js";
import type { Dataset } from "../corpus/dataset.js";
import type { TargetName } from "../engine/program.js";
import type { Evaluation } from "../measure/metrics.js";
import { commaList, wholeNumber } from "./arguments.js";
import { interruptible } from "./interrupt.js";
import { paint, printJson, printNext, printText, shellWord } from "./output.js";
import {
  fewWords,
  fewWordsClips,
  heldOutVoice,
  heldOutVoiceOfWords,
  type QuickstartArguments,
  usualPerWord,
  voicesToHoldOut,
} from "./quickstart_options.js";
import {
  clearUnfinished,
  isSpoken,
  type Quickstart,
  resumption,
  runFolder,
  settle,
  writeSettings,
} from "./quickstart_settings.js";
import { sayTraining } from "./say_training.js";

/** Trained on people; shows what a model does with voices that are nothing like its own. */
const shippedModel = "ds_cnn_s";

/** `earshot quickstart`: from nothing to a trained, measured and exported keyword spotter. */
export function register(program: Command): void {
  const command = program
    .command("quickstart")
    .description(
      "Synthesise a data set of your own words (or the ten command words), train ds_cnn S on it, measure it on a voice it never heard, use it.",
    )
    .option(
      "--words <list>",
      'your own words or phrases, with commas: "hey robin,lights off" (default: the ten command words)',
      commaList,
    )
    .option("--from <model>", "with --words: model to start from; 'none' for none (default: phones, which comes with earshot)")
    .option("-o, --out <folder>", "folder for everything that is made (default: earshot-quickstart, or with a number)")
    .option("--resume <folder>", "go on with a quickstart that was stopped; takes everything else from its folder")
    .option(
      "--per-word <n>",
      `synthesised clips of each word (default: ${usualPerWord}, of up to ${fewWords} own words ${fewWordsClips})`,
      wholeNumber(12, 10_000),
    )
    .option("--steps <n>", "training steps", wholeNumber(1, 1_000_000))
    .option("--seed <n>", "seed of everything random", wholeNumber(0, 2 ** 31 - 1), 0);
  command
    .addOption(
      command
        .createOption(
          "--hold-out <voice>",
          `with --words: voice that is never trained on, for the figures (default: ${heldOutVoiceOfWords})`,
        )
        .choices(voicesToHoldOut),
    )
    .addOption(command.createOption("--target <name>", "what computes").choices(["auto", "native", "wasm"]).default("auto"))
    .option("--json", "print one JSON object at the end")
    .action(quickstart);
}

interface Made {
  readonly what: string;
  readonly where: string;
  readonly note: string;
}

async function quickstart(options: QuickstartArguments, command: Command): Promise<void> {
  refuseBeside(options, command);
  const settled = await settle(options);
  if (settled.words !== undefined) {
    const { quickstartWords } = await import("./quickstart_words.js");
    return quickstartWords(settled, settled.words);
  }
  const { folder, target, json = false } = settled;
  const started = performance.now();
  await writeSettings(settled);
  const made: Made[] = [];
  if (!json)
    printText(
      target === "native"
        ? "computing with this machine's C compiler"
        : "computing with WebAssembly (a C compiler, where there is one, makes it two to three times as fast)",
    );
  const data = join(folder, "data");
  if (isSpoken(settled, data)) made.push({ what: "speech", where: data, note: `spoken before; voice ${heldOutVoice} held out` });
  else {
    await clearUnfinished(settled, data);
    await interruptible(
      (signal) => synthesise(data, settled, signal, made),
      `nothing is left of the clips; ${resumption(folder)}`,
    );
  }
  const trained = await trainOn(data, settled, made);
  const tflite = await exportModel(trained.model, folder, made);
  const heard = await predictHeldOut(tflite, data);
  const shipped = await tryShipped(data, target);
  const seconds = (performance.now() - started) / 1000;
  const result = {
    folder,
    seconds,
    target,
    evaluation: trained.evaluation,
    heldOutVoice,
    tflite: heard,
    shipped,
    report: trained.report,
  };
  if (json) return printJson(result);
  await printSummary(made, trained.evaluation, heard, shipped);
  printText(
    `\nall in ${formatSeconds(seconds)}; the report with curves, confusions and mistakes to listen to: ${trained.report}`,
  );
  printText(
    `speak to it: record one second of "yes" as a WAV file and type  earshot predict ${shellWord(trained.model)} yes.wav`,
  );
  printNext(`earshot predict ${shellWord(trained.model)} ${shellWord(join(data, "yes"))}`, settled);
}

/** @throws UsageError for options that mean nothing beside the others */
function refuseBeside(options: QuickstartArguments, command: Command): void {
  const beside = command.options.find(
    (option) =>
      !["resume", "json"].includes(option.attributeName()) && command.getOptionValueSource(option.attributeName()) === "cli",
  );
  if (options.resume !== undefined && beside !== undefined)
    throw new UsageError(`--resume takes everything from the quickstart's folder; leave out ${beside.long}`);
  if (options.words !== undefined) return;
  if (options.from !== undefined) throw new UsageError("--from goes with --words");
  if (options.holdOut !== undefined) throw new UsageError("--hold-out goes with --words");
}

async function synthesise(data: string, { perWord, seed }: Quickstart, signal: AbortSignal, made: Made[]): Promise<void> {
  const { commandWords, otherWords, synthesizeDataset } = await import("../corpus/synthesize.js");
  const started = performance.now();
  let progress: Progress | undefined;
  const result = await synthesizeDataset({
    words: commandWords,
    unknownWords: otherWords,
    perWord: perWord ?? usualPerWord,
    seed,
    out: data,
    heldOutVoices: [heldOutVoice],
    signal,
    onProgress: (done, total) => (progress ??= new Progress("speaking", total, "clips")).update(done),
  }).finally(() => progress?.end());
  const seconds = (performance.now() - started) / 1000;
  made.push({
    what: "speech",
    where: data,
    note: `${result.clips} clips of ${result.speakers} synthetic speakers in ${formatSeconds(seconds)}; voice ${heldOutVoice} held out`,
  });
}

async function trainOn(
  data: string,
  { folder, steps = 1200, seed, target, json = false }: Quickstart,
  made: Made[],
): Promise<{ model: string; evaluation: Evaluation; report: string }> {
  const { parseRecipe } = await import("../train/recipe.js");
  const { resumeOrTrain } = await import("./resume_or_train.js");
  const { finishRun } = await import("../measure/finish_run.js");
  const { findModel } = await import("../zoo/index.js");
  const recipe = parseRecipe(
    {
      model: { name: "ds_cnn_s" },
      frontend: findModel("ds_cnn_s").published.frontend,
      data: [{ kind: "sounds", path: data }],
      augmentation: {
        waveform: { resample: 0.15, timeShiftMilliseconds: 100, noiseFrequency: 0.8, noiseVolume: 0.1 },
        specAugment: { timeMasks: 1, timeMaskSize: 8, frequencyMasks: 1, frequencyMaskSize: 2, probability: 0.5 },
      },
      sampling: { shares: { _silence_: 1 / 12, _unknown_: 0.15 } },
      optimizer: { kind: "adamw", weightDecay: 0.001 },
      schedule: { kind: "cosine", rate: 0.003, warmup: 100 },
      labelSmoothing: 0.05,
      steps,
      validateEvery: Math.max(1, Math.round(steps / 4)),
      seed,
      licence: "trained on synthetic speech of Flite's voices (CMU, BSD-style licence)",
    },
    "quickstart",
  );
  const run = join(folder, runFolder);
  const outcome = await interruptible(
    async (signal) => {
      const result = await resumeOrTrain(recipe, { out: run, target, signal, talk: !json });
      signal.throwIfAborted();
      return result;
    },
    `what was reached is saved; ${resumption(folder)}`,
  );
  const finished = await finishRun(outcome, { target });
  const { evaluation, report, model } = finished;
  if (evaluation === null || report === null) throw new Error("the synthesised data set has no testing clips");
  made.push({
    what: "model",
    where: model,
    note: `ds_cnn S, ${sayTraining(outcome)}`,
  });
  made.push({ what: "report", where: report, note: "open it in a browser" });
  return { model, evaluation, report };
}

async function exportModel(model: string, folder: string, made: Made[]): Promise<string> {
  const { loadModel } = await import("../formats/model_file.js");
  const { exportTflite } = await import("../formats/tflite/export.js");
  const path = join(folder, "ds_cnn_s.tflite");
  await writeFile(path, exportTflite(await loadModel(model), { features: "op" }));
  const { size } = await stat(path);
  made.push({ what: "TFLite", where: path, note: `${(size / 1000).toFixed(0)} kB, from 16,000 samples to 12 scores` });
  return path;
}

/** Clips of each label that the exported file is tried on. */
const clipsTried = 5;

/** The exported file in LiteRT, on a few clips of each word of the voice held out. */
async function predictHeldOut(tflite: string, data: string): Promise<{ clips: number; right: number }> {
  const { openSpotter } = await import("../measure/spotter.js");
  const { predictFile } = await import("../measure/predict.js");
  const dataset = await openSynthesised(data);
  const spotter = await openSpotter(tflite);
  const tried = new Map<string, number>();
  let clips = 0;
  let right = 0;
  try {
    for (const clip of dataset.clips) {
      if (clip.split !== "testing" || clip.kind !== "file" || (tried.get(clip.label) ?? 0) >= clipsTried) continue;
      tried.set(clip.label, (tried.get(clip.label) ?? 0) + 1);
      clips++;
      const prediction = await predictFile(spotter, clip.path);
      if (prediction.label === clip.label) right++;
    }
  } finally {
    spotter.close();
  }
  return { clips, right };
}

async function openSynthesised(data: string): Promise<Dataset> {
  const { openDataset } = await import("../corpus/dataset.js");
  return openDataset(data, {});
}

/** A model trained on people, on the synthetic words of the held-out voice; null where none comes with this copy. */
async function tryShipped(data: string, target: TargetName): Promise<{ model: string; accuracy: number; clips: number } | null> {
  const { findShippedModel } = await import("../formats/shipped.js");
  if (findShippedModel(shippedModel) === undefined) return null;
  const { openSpotter } = await import("../measure/spotter.js");
  const { evaluateSpotter } = await import("../measure/evaluate.js");
  const spotter = await openSpotter(shippedModel, { target });
  try {
    const dataset = await openSynthesised(data);
    const clips = dataset.clips.filter((c) => c.split === "testing" && c.kind === "file");
    const labels = Int32Array.from(clips, (c) => spotter.labels.indexOf(c.label));
    const { evaluation } = await evaluateSpotter(spotter, [{ kind: "sounds", clips, labels }]);
    return { model: shippedModel, accuracy: evaluation.accuracy, clips: evaluation.clips };
  } finally {
    spotter.close();
  }
}

async function printSummary(
  made: readonly Made[],
  evaluation: Evaluation,
  heard: { clips: number; right: number },
  shipped: { model: string; accuracy: number; clips: number } | null,
): Promise<void> {
  const { renderTable } = await import("../measure/terminal.js");
  const columns = [{ title: "made" }, { title: "where" }, { title: "" }];
  printText(
    `\n${renderTable(
      columns,
      made.map((m) => [m.what, m.where, m.note]),
      paint,
    )}`,
  );
  const percent = (x: number): string => `${(x * 100).toFixed(1)} %`;
  const [low, high] = evaluation.interval;
  printText(
    `\non voice ${heldOutVoice}, which it never heard: ${percent(evaluation.accuracy)} of ${evaluation.clips} clips (95 % interval ${percent(low)} to ${percent(high)})`,
  );
  printText(`the exported file in LiteRT, a few clips of each label of that voice: ${heard.right} of ${heard.clips} right`);
  if (shipped)
    printText(
      `${shipped.model}, which comes with earshot and was trained on people, on the same synthetic voice: ${percent(shipped.accuracy)} of ${shipped.clips} clips`,
    );
}
