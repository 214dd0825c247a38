import { UsageError } from "../base/errors.js";
import { nearest } from "../base/nearest.js";

/** How the words after a flag are read. */
type Kind = "text" | "whole" | "real" | "truth" | "switch" | "list";

/** A flag of another system, as its own parser (absl or argparse) declares it. */
export interface Flag<T> {
  readonly kind: Kind;
  /** Value where the flag is not given. */
  readonly value: T;
  readonly help: string;
  /** Further spellings with their dashes: "-ws". */
  readonly also: readonly string[];
  /** The only values that are taken; empty: any. */
  readonly choices: readonly string[];
  /** Whether the original refuses to run without it. */
  readonly required: boolean;
  /** Whether it names a file or folder that is written to: "-" is none, though other programs mean standard output by it. */
  readonly written: boolean;
}

/** What a flag may have beyond name, value and help. */
export type FlagDetails = Partial<Pick<Flag<unknown>, "also" | "choices" | "required" | "written">>;

/** Flags by name, without dashes, as the original spells it. */
export type FlagTable = Readonly<Record<string, Flag<unknown>>>;

/** The values of a table's flags, by name. */
export type FlagValues<T extends FlagTable> = { -readonly [name in keyof T]: T[name] extends Flag<infer V> ? V : never };

function flag<T>(kind: Kind, value: T, help: string, details: FlagDetails): Flag<T> {
  return { kind, value, help, also: [], choices: [], required: false, written: false, ...details };
}

/** A flag with one word. */
export const text = (value: string, help: string, details: FlagDetails = {}): Flag<string> => flag("text", value, help, details);
/** A flag with a whole number. */
export const whole = (value: number, help: string, details: FlagDetails = {}): Flag<number> =>
  flag("whole", value, help, details);
/** A flag with a number. */
export const real = (value: number, help: string, details: FlagDetails = {}): Flag<number> => flag("real", value, help, details);
/** A flag with true or false after it; argparse's `type=bool` takes every word for true, this one "false" and "0" for false. */
export const truth = (value: boolean, help: string, details: FlagDetails = {}): Flag<boolean> =>
  flag("truth", value, help, details);
/** A flag that is there or not (argparse's store_true; where `value` is true, store_false). */
export const toggle = (value: boolean, help: string, details: FlagDetails = {}): Flag<boolean> =>
  flag("switch", value, help, details);
/** A flag with one word or more after it (argparse's nargs='+'). */
export const list = (value: readonly string[], help: string, details: FlagDetails = {}): Flag<readonly string[]> =>
  flag("list", value, help, details);

/** How a command line is read. */
export interface ParseSettings {
  /** Named in messages: "kws-streaming svdf". */
  readonly program: string;
  /** Whether the first word that belongs to no flag ends the flags; it and what follows is `rest`. */
  readonly stopAtWord?: boolean;
  /** Switches of the original's libraries that are taken and change nothing, such as "alsologtostderr". */
  readonly ignored?: readonly string[];
  /** Names of the words that belong to no flag, such as ["input_dir"]; more than these are an error. Any number where missing. */
  readonly words?: readonly string[];
  /** Told of unknown flags and words left over, where the original ignores them; without it they are errors. */
  readonly onUnknown?: (message: string) => void;
}

/** What a command line said. */
export interface ParsedFlags<T extends FlagTable> {
  readonly values: FlagValues<T>;
  /** Names of the flags that were given. */
  readonly given: ReadonlySet<string>;
  /** Words that belong to no flag; with `stopAtWord` the first of them and everything after it. */
  readonly rest: readonly string[];
  /** Whether help was asked for. */
  readonly help: boolean;
}

/** -1, -0.5, -1e-3: values that look like flags. */
const negativeNumber = /^-(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

const isFlag = (word: string): boolean => /^-[^\s]/.test(word) && !negativeNumber.test(word);

/**
 * Reads a command line as argparse and absl do: `--f v` and `--f=v`, unambiguous prefixes of `--` flags, the last of two wins, `--` ends the flags.
 * @throws UsageError for an unknown or ambiguous flag, a value that is missing or of the wrong kind, a word too many
 */
export function parseFlags<T extends FlagTable>(table: T, args: readonly string[], settings: ParseSettings): ParsedFlags<T> {
  const reader = new FlagReader(table, args, settings);
  return reader.read() as unknown as ParsedFlags<T>;
}

class FlagReader {
  readonly #table: FlagTable;
  readonly #args: readonly string[];
  readonly #settings: ParseSettings;
  readonly #spellings: Map<string, string>;
  readonly #values: Record<string, unknown>;
  readonly #given = new Set<string>();
  readonly #rest: string[] = [];
  #at = 0;

  constructor(table: FlagTable, args: readonly string[], settings: ParseSettings) {
    this.#table = table;
    this.#args = args;
    this.#settings = settings;
    this.#spellings = new Map(
      Object.entries(table).flatMap(([name, { also }]) => [`--${name}`, ...also].map((spelling) => [spelling, name] as const)),
    );
    this.#values = Object.fromEntries(Object.entries(table).map(([name, { value }]) => [name, value]));
  }

  read(): ParsedFlags<FlagTable> {
    const result = (help: boolean): ParsedFlags<FlagTable> => ({
      values: this.#values,
      given: this.#given,
      rest: this.#rest,
      help,
    });
    while (this.#at < this.#args.length) {
      const word = this.#args[this.#at++] as string;
      if (word === "--") {
        this.#rest.push(...this.#args.slice(this.#at));
        break;
      }
      if (!isFlag(word)) {
        if (this.#settings.stopAtWord === true) {
          this.#rest.push(...this.#args.slice(this.#at - 1));
          break;
        }
        this.#word(word);
      } else if ((word === "-h" || word === "--help") && !this.#spellings.has(word)) return result(true);
      else this.#flag(word);
    }
    this.#refuseMissing();
    return result(false);
  }

  #word(word: string): void {
    const { words } = this.#settings;
    if (words !== undefined && this.#rest.length >= words.length) this.#unknown(`'${word}' belongs to no flag`);
    else this.#rest.push(word);
  }

  #flag(word: string): void {
    const equals = word.startsWith("--") ? word.indexOf("=") : -1;
    const spelling = equals < 0 ? word : word.slice(0, equals);
    const joined = equals < 0 ? undefined : word.slice(equals + 1);
    const name = this.#nameOf(spelling);
    if (name !== undefined) return this.#take(name, spelling, joined);
    // "-n5": a flag of one letter with its value.
    const letter = this.#spellings.get(word.slice(0, 2));
    if (!word.startsWith("--") && letter !== undefined && word.length > 2)
      return this.#take(letter, word.slice(0, 2), word.slice(2));
    if (this.#settings.ignored?.includes(spelling.replace(/^--?/, "")) === true) return;
    const near = nearest(spelling, [...this.#spellings.keys()]);
    this.#unknown(`there is no flag ${spelling}${near === undefined ? "" : `; did you mean ${near}?`}`);
  }

  /** The flag that a spelling names, wholly or by its beginning. */
  #nameOf(spelling: string): string | undefined {
    const exact = this.#spellings.get(spelling);
    if (exact !== undefined || !spelling.startsWith("--")) return exact;
    const names = [...this.#spellings].filter(([known]) => known.startsWith(spelling));
    if (new Set(names.map(([, name]) => name)).size > 1)
      throw this.#error(`${spelling} may be ${names.map(([known]) => known).join(", ")}; write it out`);
    return names[0]?.[1];
  }

  #take(name: string, spelling: string, joined: string | undefined): void {
    const { kind, value, choices, written } = this.#table[name] as Flag<unknown>;
    this.#given.add(name);
    if (kind === "switch") {
      if (joined !== undefined) throw this.#error(`${spelling} takes no value, '${joined}' was given`);
      this.#values[name] = value !== true;
      return;
    }
    const words = joined === undefined ? this.#following(kind === "list") : [joined];
    if (words.length === 0) throw this.#error(`${spelling} needs a value`);
    if (written && words.includes("-"))
      throw this.#error(`${spelling} -: nothing is written to standard output; give a path, such as ./- for one of that name`);
    const values = words.map((word) => this.#read(kind, spelling, word));
    for (const word of words)
      if (choices.length > 0 && !choices.includes(word))
        throw this.#error(`${spelling} '${word}': it must be one of ${choices.join(", ")}`);
    this.#values[name] = kind === "list" ? values : values[0];
  }

  /** The words that are a flag's values: the next, or all up to the next flag. */
  #following(many: boolean): string[] {
    const after = this.#args.slice(this.#at, many ? undefined : this.#at + 1);
    const end = after.findIndex(isFlag);
    const words = end < 0 ? after : after.slice(0, end);
    this.#at += words.length;
    return words;
  }

  #read(kind: Kind, spelling: string, word: string): unknown {
    const number = word.trim() === "" ? Number.NaN : Number(word);
    if (kind === "truth") return !["", "0", "false", "no"].includes(word.toLowerCase());
    if (kind === "whole" && !(/^\s*[+-]?\d+\s*$/.test(word) && Number.isSafeInteger(number)))
      throw this.#error(`${spelling} '${word}': it must be a whole number`);
    if (kind === "real" && !Number.isFinite(number)) throw this.#error(`${spelling} '${word}': it must be a number`);
    return kind === "whole" || kind === "real" ? number : word;
  }

  #refuseMissing(): void {
    for (const [name, { required, also }] of Object.entries(this.#table))
      if (required && !this.#given.has(name)) throw this.#error(`${[`--${name}`, ...also].join(", ")} must be given`);
    const { words, stopAtWord } = this.#settings;
    const missing = words?.[this.#rest.length];
    if (missing !== undefined && stopAtWord !== true) throw this.#error(`${missing} must be given`);
  }

  #unknown(message: string): void {
    if (this.#settings.onUnknown === undefined) throw this.#error(message);
    this.#settings.onUnknown(`${this.#settings.program}: ${message}`);
  }

  #error(message: string): UsageError {
    return new UsageError(`${this.#settings.program}: ${message}`);
  }
}

/** The lines that -h prints: each flag with what it takes, what it is where it is not given, and what it does. */
export function flagHelp(table: FlagTable): string[] {
  const rows = Object.entries(table).map(([name, { kind, value, help, also, choices }]) => {
    const takes = { text: "TEXT", whole: "N", real: "X", truth: "true|false", switch: "", list: "TEXT..." }[kind];
    const shown = choices.length > 0 ? choices.join("|") : takes;
    const preset = kind === "switch" ? "" : ` (default: ${Array.isArray(value) ? value.join(" ") : JSON.stringify(value)})`;
    return [`  ${[...also, `--${name}`].join(", ")} ${shown}`.trimEnd(), `${help}${preset}`] as const;
  });
  return rows.map(([left, right]) => (left.length > 38 ? `${left}\n${" ".repeat(40)}${right}` : `${left.padEnd(40)}${right}`));
}
