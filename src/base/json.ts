import { FormatError } from "./errors.js";

/** Deepest nesting that is read: what people and earshot write stays below ten. */
const deepest = 100;

/**
 * Reads JSON that a person may have written.
 * @param file name for messages
 * @param remedy what the text should be
 * @throws FormatError with line and column, where the text is no JSON or nested more than 100 deep
 */
export function parseJsonText(text: string, file: string, remedy: string): unknown {
  const plain = text.replace(/^\uFEFF/, "");
  const fault = findJsonFault(plain);
  if (fault === undefined) return JSON.parse(plain);
  const before = plain.slice(0, fault.at).split("\n");
  const column = (before.at(-1) as string).length + 1;
  throw new FormatError(file, `line ${before.length}, column ${column}`, fault.found, remedy);
}

interface JsonFault {
  /** Place in the text, in UTF-16 units. */
  at: number;
  found: string;
}

/** What makes a text no JSON (RFC 8259), and where; in time linear in its length, without recursion. */
export function findJsonFault(text: string): JsonFault | undefined {
  return new JsonScanner(text).scan();
}

const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const longestNumber = 400;

class JsonScanner {
  readonly #text: string;
  #at = 0;
  // The closing mark of every list and table that is open.
  readonly #open: ("]" | "}")[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  scan(): JsonFault | undefined {
    for (let expected = "a value"; ; ) {
      this.#skipSpace();
      const fault = expected === "a value" ? this.#value() : expected === "a key" ? this.#key() : this.#close();
      if (typeof fault === "object") return fault;
      if (fault === "done") {
        this.#skipSpace();
        return this.#at === this.#text.length ? undefined : this.#fail("the end of the text");
      }
      expected = fault;
    }
  }

  // By hand, not by regular expressions: on long texts those exhaust the stack of the engine.
  #skipSpace(): void {
    while (" \t\r\n".includes(this.#text[this.#at] ?? "x")) this.#at++;
  }

  /** Passes a text in quotes; false where none stands here. */
  #skipQuoted(): boolean {
    if (this.#text[this.#at] !== '"') return false;
    let at = this.#at + 1;
    for (; at < this.#text.length && this.#text[at] !== '"'; at++) {
      if (this.#text.charCodeAt(at) < 0x20) return false;
      if (this.#text[at] !== "\\") continue;
      if (!/^(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/.test(this.#text.slice(at + 1, at + 6))) return false;
      at++;
    }
    if (at >= this.#text.length) return false;
    this.#at = at + 1;
    return true;
  }

  /** Passes a text, a number, true, false or null. */
  #skipScalar(): boolean {
    if (this.#skipQuoted()) return true;
    let end = this.#at;
    while (end - this.#at <= longestNumber && /[-+.\w]/.test(this.#text[end] ?? "")) end++;
    const word = this.#text.slice(this.#at, end);
    if (!number.test(word) && !["true", "false", "null"].includes(word)) return false;
    this.#at = end;
    return true;
  }

  /** @returns what must follow, or the fault */
  #value(): string | JsonFault {
    const mark = this.#text[this.#at];
    if (mark === "{" || mark === "[") {
      this.#open.push(mark === "{" ? "}" : "]");
      if (this.#open.length > deepest) return { at: this.#at, found: `lists and tables more than ${deepest} deep` };
      this.#at++;
      this.#skipSpace();
      if (this.#text[this.#at] === this.#open.at(-1)) return "a comma or the end";
      return mark === "{" ? "a key" : "a value";
    }
    return this.#skipScalar() ? this.#after() : this.#fail("a value");
  }

  #after(): string {
    return this.#open.length === 0 ? "done" : "a comma or the end";
  }

  #key(): string | JsonFault {
    if (!this.#skipQuoted()) return this.#fail("a name in double quotes");
    this.#skipSpace();
    if (this.#text[this.#at] !== ":") return this.#fail("a colon");
    this.#at++;
    return "a value";
  }

  #close(): string | JsonFault {
    const end = this.#open.at(-1) as string;
    if (this.#text[this.#at] === end) {
      this.#open.pop();
      this.#at++;
      return this.#after();
    }
    if (this.#text[this.#at] !== ",") return this.#fail(`a comma or ${end}`);
    this.#at++;
    return end === "}" ? "a key" : "a value";
  }

  #fail(expected: string): JsonFault {
    const next = this.#text.slice(this.#at, this.#at + 12).split(/[\r\n]/)[0] as string;
    const found = this.#at >= this.#text.length ? "the text ends" : next === "" ? "the line ends" : JSON.stringify(next);
    return { at: this.#at, found: `${found} where ${expected} is expected` };
  }
}
