import type { Command } from "commander";
import { Progress } from "../base/progress.js";
import type { SynthesisResult } from "../corpus/synthesize.js";
import { commaList, realNumber, wholeNumber } from "./arguments.js";
import { interruptible } from "./interrupt.js";
import { type CommonOptions, printJson, printNext, printText, shellWord } from "./output.js";

interface SynthArguments extends CommonOptions {
  words?: string[];
  perWord: number;
  unknownWords?: string[];
  unknownPerWord?: number;
  seed: number;
  out: string;
  engine: "flite" | "espeak";
  voices?: string[];
  holdOut?: string[];
  clipSeconds?: number;
  workers?: number;
}

const MOST_SEED = 2 ** 32 - 1;

/** `earshot data synth`: a data set of synthetic speech in many voices. */
export function register(data: Command): void {
  data
    .command("synth")
    .description(
      "Speak words in many voices, pitches, rates, rooms and noises, and write them as a data set. Same seed, same bytes, however many workers.",
    )
    .requiredOption("-o, --out <folder>", "folder to write, new or empty")
    .option("--words <list>", "words or phrases, with commas (default: the ten command words)", commaList)
    .option("--per-word <n>", "clips of each word", wholeNumber(1, 1_000_000), 100)
    .option("--unknown-words <list>", "words for _unknown_, with commas; 'others' for the other 25 of Speech Commands", commaList)
    .option("--unknown-per-word <n>", "clips of each unknown word (default: an eighth of --per-word)", wholeNumber(1, 1_000_000))
    .option("--seed <n>", "seed of all that is drawn", wholeNumber(0, MOST_SEED), 0)
    .addOption(
      data
        .createOption("--engine <name>", "speech engine; espeak must be installed")
        .choices(["flite", "espeak"])
        .default("flite"),
    )
    .option(
      "--voices <list>",
      "voices of the engine, with commas; to Flite's may be added pico-us and pico-gb (default: all of Flite, or a mix of eSpeak's)",
      commaList,
    )
    .option("--hold-out <list>", "voices to test with only; with them the lists of the split are written", commaList)
    .option("--clip-seconds <s>", "length of a clip (default: 1)", realNumber(0.3, 10))
    .option("--workers <n>", "threads (default: as many as the machine has, at most 8)", wholeNumber(1, 64))
    .option("--json", "print one JSON object")
    .action(synth);
}

async function synth(options: SynthArguments): Promise<void> {
  const { commandWords, otherWords, synthesizeDataset } = await import("../corpus/synthesize.js");
  const { words, unknownWords, holdOut, json, ...rest } = options;
  const started = performance.now();
  let progress: Progress | undefined;
  const synthesise = (signal: AbortSignal): Promise<SynthesisResult> =>
    synthesizeDataset({
      ...rest,
      words: words ?? commandWords,
      unknownWords: unknownWords?.flatMap((word) => (word === "others" ? otherWords : [word])),
      heldOutVoices: holdOut,
      signal,
      onProgress: (done, total) => (progress ??= new Progress("speaking", total, "clips")).update(done),
    });
  const result = await interruptible(synthesise, "no data set was written").finally(() => progress?.end());
  const seconds = (performance.now() - started) / 1000;
  if (json === true) {
    printJson({ folder: options.out, ...result, seconds });
    return;
  }
  const { training, validation, testing } = result.splits;
  const parts = holdOut === undefined ? "" : ` (${training} training, ${validation} validation, ${testing} testing)`;
  printText(`${options.out}: ${result.clips} clips${parts} of ${result.speakers} speakers in ${seconds.toFixed(1)} s`);
  const list = words === undefined ? "" : ` --words ${shellWord(words.map((word) => word.replace(/\s+/g, "_")).join(","))}`;
  printNext(`earshot data stats ${shellWord(options.out)}${list}`, options);
}
