import { FormatError } from "../base/errors.js";

/** Reads the words of one line; errors say file, line and column. */
export class TextCursor {
  readonly #file: string;
  readonly #line: number;
  readonly #text: string;
  #at = 0;

  constructor(file: string, line: number, text: string) {
    this.#file = file;
    this.#line = line;
    this.#text = text;
    this.#space();
  }

  #space(): void {
    while (this.#text[this.#at] === " " || this.#text[this.#at] === "\t") this.#at++;
  }

  fail(problem: string): never {
    const place = `line ${this.#line}, column ${this.#at + 1}`;
    throw new FormatError(this.#file, place, problem, "it is no graph text of this version of earshot: take an undamaged copy");
  }

  /** What stands next, shortened, for messages. */
  rest(): string {
    const rest = this.#text.slice(this.#at, this.#at + 24);
    return rest === "" ? "the end of the line" : JSON.stringify(rest);
  }

  /** Whether `mark` stands next; if so, it is passed. */
  take(mark: string): boolean {
    if (!this.#text.startsWith(mark, this.#at)) return false;
    this.#at += mark.length;
    this.#space();
    return true;
  }

  expect(mark: string): void {
    if (!this.take(mark)) this.fail(`expected '${mark}' and found ${this.rest()}`);
  }

  end(): void {
    if (this.#at < this.#text.length) this.fail(`nothing more was expected, and ${this.rest()} follows`);
  }

  #match(pattern: RegExp, what: string): string {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (!match || match[0] === "") return this.fail(`expected ${what} and found ${this.rest()}`);
    this.#at += match[0].length;
    this.#space();
    return match[0];
  }

  /** A lower-case word. */
  word(what: string): string {
    return this.#match(/[a-z][a-z0-9_]*/y, what);
  }

  /** A bare path or a quoted name. */
  name(what: string): string {
    if (this.#text[this.#at] === '"') return this.string();
    return this.#match(/[A-Za-z_][A-Za-z0-9_./:-]*/y, what);
  }

  /** A JSON string. */
  string(): string {
    if (!this.atString()) this.fail(`expected a quoted text and found ${this.rest()}`);
    let close = this.#at + 1;
    while (close < this.#text.length && this.#text[close] !== '"') close += this.#text[close] === "\\" ? 2 : 1;
    const quoted = this.#text.slice(this.#at, close + 1);
    this.#at = close + 1;
    this.#space();
    try {
      return JSON.parse(quoted) as string;
    } catch {
      return this.fail(`${quoted.slice(0, 24)} is not a JSON text`);
    }
  }

  atString(): boolean {
    return this.#text[this.#at] === '"';
  }

  number(): number {
    const text = this.#match(/-?(?:Infinity|NaN|\d+(?:\.\d+)?(?:e[+-]?\d+)?)/y, "a number");
    const value = Number(text);
    if (Math.abs(value) === Infinity && !text.endsWith("Infinity")) this.fail(`${text.slice(0, 24)} is beyond the numbers`);
    return value;
  }

  /** A whole number from 0 to `most`. */
  count(what: string, most: number): number {
    const digits = this.#match(/\d+/y, what);
    const value = Number(digits);
    if (!(value <= most)) this.fail(`${what} ${digits.slice(0, 24)} is beyond ${most}`);
    return value;
  }
}
