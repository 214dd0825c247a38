import { UsageError } from "../base/errors.js";
import { backgroundFolder, silenceLabel, unknownLabel } from "./clip.js";

/** The ten keywords of the 12-label task, in the order of the originals. */
export const tenKeywords: readonly string[] = ["yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go"];

/** What shall be told apart. */
export interface TaskOptions {
  /** Words to recognise, in label order; "all" for every word of the data, sorted. Default: the ten keywords. */
  words?: readonly string[] | "all" | undefined;
  /** Whether there is a label `_silence_`. Default: true, but false with words "all". */
  silence?: boolean | undefined;
  /** Whether every other word counts as `_unknown_` (otherwise it is left out). Default: true, but false with words "all". */
  unknown?: boolean | undefined;
}

/** A resolved task. Label order: `_silence_`, `_unknown_`, then the words as given. */
export interface Task {
  labels: string[];
  words: string[];
  silence: boolean;
  unknown: boolean;
  /** Label of a word of the data, or undefined where the task leaves it out. */
  labelOf(word: string): string | undefined;
}

/**
 * Resolves the options against the words that the data has.
 * @throws UsageError for no, empty, reserved or repeated words
 */
export function resolveTask(options: TaskOptions, available: Iterable<string>): Task {
  const all = options.words === "all";
  const words =
    options.words === "all" ? wordsOf(available) : (options.words ?? tenKeywords).map((word) => word.trim().toLowerCase());
  checkWords(words);
  const silence = options.silence ?? !all;
  const unknown = options.unknown ?? !all;
  const wanted = new Set(words);
  const labels = [...(silence ? [silenceLabel] : []), ...(unknown ? [unknownLabel] : []), ...words];
  const labelOf = (word: string): string | undefined => {
    if (wanted.has(word)) return word;
    if (word === silenceLabel || word === backgroundFolder) return silence ? silenceLabel : undefined;
    return unknown ? unknownLabel : undefined;
  };
  return { labels, words, silence, unknown, labelOf };
}

function wordsOf(available: Iterable<string>): string[] {
  const reserved = new Set([silenceLabel, unknownLabel, backgroundFolder]);
  return [...new Set(available)].filter((word) => !reserved.has(word)).toSorted();
}

function checkWords(words: readonly string[]): void {
  if (words.length === 0) throw new UsageError("no words to recognise were given; name at least one, for example --words yes,no");
  const seen = new Set<string>();
  for (const word of words) {
    if (word === "") throw new UsageError("the list of words has an empty entry; separate the words by single commas");
    if (word === silenceLabel || word === unknownLabel || word === backgroundFolder) {
      throw new UsageError(`'${word}' is no word but a label that is added by itself; leave it out of the list of words`);
    }
    if (seen.has(word)) throw new UsageError(`the word '${word}' is listed twice; name every word once`);
    seen.add(word);
  }
}
