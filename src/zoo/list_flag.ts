import { UsageError } from "../base/errors.js";

/** A value of a list flag: a number, a text, or a pair and the like. */
export type ListValue = number | string | readonly ListValue[];

const longestText = 10_000;
const deepestNesting = 8;

/**
 * Reads a list flag of kws_streaming: a Python literal of numbers, quoted strings, parentheses and brackets, separated by commas.
 * "" is the empty list, `500` is [500], `3,3` and `(3,3)` are [3, 3], `(3,3),(5,3)` is [[3, 3], [5, 3]], `(3,1),` is [[3, 1]],
 * `'relu','linear'` are two texts. Beyond Python, words may stand without quotes.
 * @param flag name of the flag for messages
 * @throws UsageError naming the flag and the place
 */
export function parseListFlag(text: string, flag: string): ListValue[] {
  if (text.length > longestText)
    throw new UsageError(`${flag}: a list of ${text.length} characters; at most ${longestText} are read`);
  const parser = new ListParser(text, flag);
  return parser.parse();
}

class ListParser {
  readonly #text: string;
  readonly #flag: string;
  #at = 0;

  constructor(text: string, flag: string) {
    this.#text = text;
    this.#flag = flag;
  }

  parse(): ListValue[] {
    if (this.#peek() === "") return [];
    const { values, tuple } = this.#sequence("", 0);
    const only = values[0] as ListValue;
    // Python reads `(3,1)` as the tuple itself, `[3,1]` as one value that is a list.
    return !tuple && this.#text.trim().startsWith("(") && Array.isArray(only) ? [...only] : values;
  }

  /** Values up to `end`; a tuple where a comma was seen. */
  #sequence(end: string, depth: number): { values: ListValue[]; tuple: boolean } {
    const values: ListValue[] = [];
    let tuple = false;
    while (this.#peek() !== end) {
      values.push(this.#value(depth));
      if (this.#peek() === end) break;
      if (this.#peek() !== ",") this.#fail("a comma");
      this.#at++;
      tuple = true;
    }
    if (end !== "") this.#at++;
    return { values, tuple };
  }

  #value(depth: number): ListValue {
    if (depth > deepestNesting) this.#fail(`at most ${deepestNesting} parentheses inside each other`);
    const next = this.#peek();
    if (next === "(") {
      this.#at++;
      const { values, tuple } = this.#sequence(")", depth + 1);
      return tuple || values.length === 0 ? values : (values[0] as ListValue);
    }
    if (next === "[") {
      this.#at++;
      return this.#sequence("]", depth + 1).values;
    }
    if (next === "'" || next === '"') return this.#quoted(next);
    return this.#word();
  }

  #quoted(quote: string): string {
    const end = this.#text.indexOf(quote, this.#at + 1);
    if (end < 0) this.#fail(`a closing ${quote}`);
    const value = this.#text.slice(this.#at + 1, end);
    this.#at = end + 1;
    return value;
  }

  #word(): number | string {
    const found = /^(?:[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.])|[A-Za-z_]\w*)/.exec(this.#text.slice(this.#at));
    if (!found) return this.#fail("a number, a quoted text or a parenthesis");
    this.#at += found[0].length;
    return /^[A-Za-z_]/.test(found[0]) ? found[0] : Number(found[0]);
  }

  /** The next character that is no blank; "" at the end. */
  #peek(): string {
    while (/\s/.test(this.#text.charAt(this.#at))) this.#at++;
    return this.#text.charAt(this.#at);
  }

  #fail(wanted: string): never {
    const found = this.#at < this.#text.length ? `'${this.#text.slice(this.#at, this.#at + 12)}'` : "the end";
    throw new UsageError(
      `${this.#flag}: character ${this.#at + 1} of '${this.#text.slice(0, 80)}': ${wanted} was expected, found ${found}; write for example 64,64 or (3,3),(5,3) or 'relu','linear'`,
    );
  }
}
