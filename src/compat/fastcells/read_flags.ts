import { type FlagTable, type FlagValues, flagHelp, parseFlags } from "../flags.js";
import type { ProgramContext } from "../program.js";

/** What a command line of one of the programs said. */
export interface ReadFlags<T extends FlagTable> {
  readonly values: FlagValues<T>;
  readonly given: ReadonlySet<string>;
  /** Words that belong to no flag. */
  readonly words: readonly string[];
}

/**
 * Reads a command line as argparse does.
 * @param words names of the words that belong to no flag
 * @returns undefined where help was asked for, which is printed
 * @throws UsageError for an unknown flag or a wrong value
 */
export function readFlags<T extends FlagTable>(
  program: string,
  table: T,
  args: readonly string[],
  { print }: ProgramContext,
  words: readonly string[] = [],
): ReadFlags<T> | undefined {
  const { values, given, rest, help } = parseFlags(table, args, { program: `fastcells ${program}`, words });
  if (!help) return { values, given, words: rest };
  print(`earshot compat fastcells ${program} ${words.map((word) => `${word} `).join("")}...`);
  for (const line of flagHelp(table)) print(line);
  return undefined;
}
