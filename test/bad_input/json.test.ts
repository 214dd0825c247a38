import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/base/errors.js";
import { findJsonFault, parseJsonText } from "../../src/base/json.js";

/** Whether JSON.parse takes the text. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe("parseJsonText", () => {
  it.each([
    ['{\n  "steps": 10,\n  "batch" 3\n}', 'line 3, column 11: "3" where a colon is expected'],
    ['{"a": 1,}', 'line 1, column 9: "}" where a name in double quotes is expected'],
    ["[1, 2", "line 1, column 6: the text ends where a comma or ] is expected"],
    ["[1\n,,2]", 'line 2, column 2: ",2]" where a value is expected'],
    ["{'a': 1}", `line 1, column 2: "'a': 1}" where a name in double quotes is expected`],
    ["[01]", 'line 1, column 2: "01]" where a value is expected'],
    ['["a\nb"]', 'line 1, column 2: "\\"a" where a value is expected'],
    ["nul", 'line 1, column 1: "nul" where a value is expected'],
    ["{} {}", 'line 1, column 4: "{}" where the end of the text is expected'],
    ["", "line 1, column 1: the text ends where a value is expected"],
    ["[".repeat(101), "line 1, column 101: lists and tables more than 100 deep"],
  ])("says where %j is no JSON", (text, message) => {
    expect(() => parseJsonText(text, "a.json", "mend it")).toThrow(new FormatError("a.json", ...splitMessage(message)));
  });

  it("takes what JSON.parse takes and refuses what it refuses", () => {
    fc.assert(fc.property(fc.json({ maxDepth: 5 }), (text) => findJsonFault(text) === undefined));
    fc.assert(
      fc.property(fc.json(), fc.nat(), fc.constantFrom(...'{}[]",:0-.eE\\ \ntu'), (text, place, character) => {
        const at = place % (text.length + 1);
        for (const changed of [text.slice(0, at) + character + text.slice(at), text.slice(0, at) + text.slice(at + 1)])
          expect([changed, findJsonFault(changed) === undefined]).toEqual([changed, isJson(changed)]);
      }),
      { numRuns: 2000 },
    );
  });

  it("bears texts that would exhaust the stack of a regular expression", () => {
    const long = "a".repeat(12_000_000);
    expect(findJsonFault(`"${long}"`)).toBeUndefined();
    expect(findJsonFault(`"${long}`)?.at).toBe(0);
  });
});

function splitMessage(message: string): [place: string, found: string, remedy: string] {
  const at = message.indexOf(": ");
  return [message.slice(0, at), message.slice(at + 2), "mend it"];
}
