import { UsageError } from "../../base/errors.js";
import { type FlagTable, flagHelp, list, type ParsedFlags, parseFlags, real, text, whole } from "../flags.js";
import type { ProgramContext } from "../program.js";

/** Which clips, and what is heard of them: flags of every program. */
export const dataFlags = {
  data_url: text(
    "http://download.tensorflow.org/data/speech_commands_v0.02.tar.gz",
    "archive that is fetched where data_dir is not there; empty: none",
  ),
  data_dir: text("/tmp/speech_dataset/", "data set with one folder a word", { written: true }),
  silence_percentage: real(10, "clips of silence, in percent of the wanted words"),
  unknown_percentage: real(10, "clips of other words, in percent of the wanted words"),
  testing_percentage: whole(10, "share of the test clips, by the hash of their names"),
  validation_percentage: whole(10, "share of the validation clips, by the hash of their names"),
  wanted_words: text("yes,no,up,down,left,right,on,off,stop,go", "words to tell apart, with commas"),
  sample_rate: whole(16_000, "rate of the sounds in Hz"),
  clip_duration_ms: whole(1000, "length of a clip"),
  window_size_ms: real(30, "length of a frame"),
  window_stride_ms: real(10, "time from one frame to the next"),
  dct_coefficient_count: whole(40, "coefficients of a frame"),
} satisfies FlagTable;

/** Which network. */
export const networkFlags = {
  model_architecture: text("dnn", "dnn, cnn, ds_cnn, basic_lstm, lstm, gru, crnn, single_fc, conv, ..."),
  model_size_info: list(["128", "128", "128"], "sizes of the network's layers"),
} satisfies FlagTable;

/** Flags of a program that opens a data set. */
export type DataFlags = ParsedFlags<typeof dataFlags>;
/** Flags of a program that builds a network too. */
export type NetworkFlags = ParsedFlags<typeof dataFlags & typeof networkFlags>;

/**
 * Reads a command line; unknown flags and stray words, which the originals ignore, are warned of.
 * @returns undefined where help was asked for, which is printed
 * @throws UsageError for values of the wrong kind
 */
export function readFlags<T extends FlagTable>(
  program: string,
  table: T,
  args: readonly string[],
  { print, warn }: ProgramContext,
): ParsedFlags<T> | undefined {
  const onUnknown = (message: string): void => warn(`warning: ${message} (ignored)`);
  const parsed = parseFlags(table, args, { program: `ml-kws ${program}`, words: [], onUnknown });
  if (!parsed.help) return parsed;
  print(`earshot compat ml-kws ${program} ...`);
  for (const line of flagHelp(table)) print(line);
  return undefined;
}

/** "yes,no" -> ["yes", "no"]. */
export const wordsOf = (flag: string): string[] => flag.split(",").map((word) => word.trim());

/**
 * Numbers of a flag.
 * @throws UsageError for a word that is none
 */
export function numbersOf(flag: string, words: readonly string[]): number[] {
  return words.map((word) => {
    const number = word.trim() === "" ? Number.NaN : Number(word);
    if (Number.isFinite(number)) return number;
    throw new UsageError(`--${flag}: '${word}' is not a number`);
  });
}
