import type { Command } from "commander";
import { UsageError, UserError } from "../base/errors.js";
import type { Prediction } from "../measure/predict.js";
import type { Runtime } from "../measure/runtime.js";
import { type CommonOptions, paint, printNext, printText, shellWord } from "./output.js";
import { wholeNumber } from "./arguments.js";
import { addModelOptions } from "./model_options.js";

interface PredictArguments extends CommonOptions {
  top: number;
  runtime?: Runtime;
  reference?: string;
  frontend?: string;
  labels?: string;
  target?: "oracle" | "wasm" | "native" | "auto";
}

/** Most bytes read from standard input. */
const longestInput = 1 << 28;

/** `earshot predict MODEL files`: what a model hears in recordings. */
export function register(program: Command): void {
  const command = program
    .command("predict")
    .description(
      "Label recordings: WAV, FLAC, Ogg Opus or Vorbis. A short one is padded with silence; of a long one the loudest second counts. Of several, one that cannot be read is passed over, and the exit code is 1.",
    )
    .argument("<model>", "model file, .tflite file, or the name of a model that comes with earshot")
    .argument("<sounds...>", "files, folders, or - for standard input")
    .option("--top <n>", "labels shown for each recording", wholeNumber(1, 1000), 3);
  addModelOptions(command).option("--json", "print one JSON object a line for each recording").action(predict);
}

async function predict(name: string, sounds: readonly string[], options: PredictArguments): Promise<void> {
  const { predictFile, soundFiles } = await import("../measure/predict.js");
  const { openSpotter } = await import("../measure/spotter.js");
  const { printable, renderTable } = await import("../measure/terminal.js");
  const files = soundFiles(sounds);
  const spotter = await openSpotter(name, options);
  const predictions: Prediction[] = [];
  try {
    for (const file of files) {
      const heard = predictFile(spotter, file, file === "-" ? await readInput() : undefined);
      const prediction = files.length === 1 ? await heard : await heard.catch(passOver);
      if (prediction === undefined) continue;
      if (options.json === true) printText(JSON.stringify(prediction));
      else predictions.push(prediction);
    }
  } finally {
    spotter.close();
  }
  if (options.json === true || predictions.length === 0) return;
  const columns = [{ title: "file" }, { title: "label" }, { title: "score", align: "right" as const }, { title: "then" }];
  const rows = predictions.map((prediction) => [
    printable(prediction.file) + place(prediction),
    paint("bold", printable(prediction.label)),
    percent(prediction.score),
    paint(
      "dim",
      others(prediction, options.top - 1)
        .map(([label, score]) => `${printable(label)} ${percent(score)}`)
        .join("  "),
    ),
  ]);
  printText(renderTable(columns, rows, paint));
  printNext(`earshot predict ${shellWord(name)} --json ${sounds.map(shellWord).join(" ")}`, options);
}

/** Says what is wrong with one of several files; the others are heard all the same, and the exit code is 1. */
function passOver(error: unknown): undefined {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`earshot: ${error.message}\n`);
  process.exitCode = error.exitCode;
}

const percent = (score: number): string => `${(score * 100).toFixed(1)} %`;

function place({ start }: Prediction): string {
  return start === undefined ? "" : ` from ${start.toFixed(2)} s`;
}

function others(prediction: Prediction, count: number): [string, number][] {
  return Object.entries(prediction.scores)
    .filter(([label]) => label !== prediction.label)
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, count);
}

async function readInput(): Promise<Uint8Array> {
  if (process.stdin.isTTY)
    throw new UsageError("standard input is the keyboard; send it a sound file: earshot predict MODEL - < a.wav");
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of process.stdin) {
    const chunk = part as Uint8Array;
    bytes += chunk.length;
    if (bytes > longestInput)
      throw new UsageError(`standard input has more than ${longestInput} bytes; give a shorter recording`);
    parts.push(chunk);
  }
  return new Uint8Array(Buffer.concat(parts));
}
