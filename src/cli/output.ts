import { paintFor } from "../measure/terminal.js";

/** Options that every command has. */
export interface CommonOptions {
  /** One JSON object on stdout instead of text. */
  json?: boolean;
}

/** Paints for stdout: colours on a terminal only. */
export const paint = paintFor(process.stdout);

/** Prints text for people. */
export function printText(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Prints one object for programs, on one line. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/**
 * Says what to type next, as the last line; only to a person at a terminal.
 * @param advice a command line, or a sentence
 */
export function printNext(advice: string, options: CommonOptions, terminal = process.stdout.isTTY): void {
  if (terminal && options.json !== true) printText(`\n${paint("dim", "next:")} ${paint("bold", advice)}`);
}

/** A path as one word of a shell's command line, so that advice can be copied. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
