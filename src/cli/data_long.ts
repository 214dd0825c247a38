import type { Command } from "commander";
import { UserError } from "../base/errors.js";
import { Progress } from "../base/progress.js";
import type { Split } from "../corpus/clip.js";
import { type VoiceInside, voicesInside } from "../signal/voices.js";
import { commaList, realNumber, wholeNumber } from "./arguments.js";
import { interruptible } from "./interrupt.js";
import { type CommonOptions, printJson, printNext, printText, shellWord } from "./output.js";

interface LongArguments extends CommonOptions {
  out: string;
  data: string;
  split: Split;
  words?: string[];
  hours: number;
  seed: number;
  keywordShare: number;
  speech?: string;
  transcripts?: string;
  noise?: string;
  voice: VoiceInside;
}

/** `earshot data long`: a long recording of which is known what is said. */
export function register(data: Command): void {
  const command = data
    .command("long")
    .description(
      "Build a long recording for 'earshot evaluate --stream': words of a data set, running speech and noise, and a file that says where the words are. Same seed, same bytes.",
    )
    .requiredOption("-o, --out <folder>", "folder for long.wav and truth.json")
    .requiredOption("--data <folder>", "data set whose words are laid into it")
    .option("--words <list>", "keywords, with commas (default: the ten command words)", commaList)
    .option("--hours <h>", "length", realNumber(0.01, 36), 1.5)
    .option("--seed <n>", "seed of all that is drawn", wholeNumber(0, 2 ** 32 - 1), 0)
    .option("--keyword-share <p>", "share of the scenes of ten seconds with a keyword", realNumber(0, 1), 0.25)
    .option("--speech <folder>", "running speech (default: sentences are synthesised)")
    .option("--transcripts <file>", "what is said in it: CSV with file, start_s, end_s, transcript")
    .option("--noise <folder>", "noise (default: noise is made)");
  command
    .addOption(
      command.createOption("--split <name>", "which clips").choices(["training", "validation", "testing"]).default("testing"),
    )
    .addOption(command.createOption("--voice <name>", "voice of synthesised sentences").choices(voicesInside).default("slt"))
    .option("--json", "print one JSON object")
    .action(long);
}

async function long(options: LongArguments): Promise<void> {
  const { openDataset } = await import("../corpus/dataset.js");
  const { writeLongRecording } = await import("../corpus/long_recording.js");
  const dataset = openDataset(options.data, options.words === undefined ? {} : { words: options.words });
  const clips = dataset.clips.filter(({ split }) => split === options.split);
  if (clips.length === 0) throw new UserError(`${options.data}: there is no ${options.split} clip; choose another --split`);
  const keywords = dataset.labels.filter((label) => !label.startsWith("_"));
  let progress: Progress | undefined;
  const onProgress = (done: number, total: number): void => (progress ??= new Progress("writing", total, "scenes")).update(done);
  const result = await interruptible(
    (signal) => writeLongRecording({ ...options, clips, keywords, signal, onProgress }),
    "no recording was written",
  ).finally(() => progress?.end());
  if (options.json === true) return printJson(result);
  printText(
    `${result.recording}: ${result.hours.toFixed(2)} h with ${result.keywords} keywords; ${result.truth}${result.ignored > 0 ? `, ${result.ignored} stretches of running speech with a keyword` : ""}`,
  );
  printNext(`earshot evaluate ds_cnn_s --stream ${shellWord(result.recording)} --truth ${shellWord(result.truth)}`, options);
}
