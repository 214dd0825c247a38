import { join } from "node:path";
import type { Command } from "commander";
import { Progress } from "../base/progress.js";
import { commaList, realNumber, wholeNumber } from "./arguments.js";
import { interruptible } from "./interrupt.js";
import { type CommonOptions, printJson, printNext, printText, shellWord } from "./output.js";

interface RunningArguments extends CommonOptions {
  out: string;
  words?: string[];
  count: number;
  seconds: number;
  clipSeconds: number;
  seed: number;
  voices: string[];
}

/** `earshot data running`: running speech without the keywords, as training material of what is no keyword. */
export function register(data: Command): void {
  const command = data.command("running");
  command
    .description(
      "Speak running speech that has none of the keywords, and write it with a manifest of clips for 'earshot train --data': what a detector must not answer to. Same seed, same bytes.",
    )
    .requiredOption("-o, --out <folder>", "folder for the recordings and running.jsonl")
    .option("--words <list>", "keywords that are never said, with commas (default: the ten command words)", commaList)
    .option("--count <n>", "recordings", wholeNumber(1, 100_000), 200)
    .option("--seconds <s>", "length of a recording", realNumber(1, 30), 8)
    .option("--clip-seconds <s>", "length of a clip", realNumber(0.3, 10), 1)
    .option("--seed <n>", "seed of all that is drawn", wholeNumber(0, 2 ** 32 - 1), 0)
    .addOption(
      command
        .createOption("--voices <list>", "voices of Flite and Pico, with commas (slt is left for 'earshot data long')")
        .argParser(commaList)
        .default(["awb", "rms", "kal16"], "awb,rms,kal16"),
    )
    .option("--json", "print one JSON object")
    .action(running);
}

async function running(options: RunningArguments): Promise<void> {
  const { words, voices, json, ...rest } = options;
  const { commandWords } = await import("../corpus/synthesize.js");
  const { writeRunningSpeech } = await import("../corpus/running_speech.js");
  let progress: Progress | undefined;
  const onProgress = (done: number, total: number): void =>
    (progress ??= new Progress("speaking", total, "recordings")).update(done);
  const speaking = (signal: AbortSignal) =>
    writeRunningSpeech({ ...rest, voices, keywords: words ?? commandWords, onProgress, signal }).finally(() => progress?.end());
  const result = await interruptible(speaking, `${join(options.out, "running.jsonl")} has what was spoken until then`);
  if (json === true) return printJson(result);
  printText(`${result.manifest}: ${result.clips} clips of ${result.recordings} recordings`);
  printNext(`earshot train MODEL --data DATA --data ${shellWord(result.manifest)} --weights 0.9,0.1`, options);
}
