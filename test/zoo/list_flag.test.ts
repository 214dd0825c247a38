import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/base/errors.js";
import { type ListValue, parseListFlag } from "../../src/zoo/list_flag.js";

/** As Python prints a tuple of values. */
function python(values: readonly ListValue[]): string {
  const one = (v: ListValue): string => (typeof v === "number" ? String(v) : typeof v === "string" ? `'${v}'` : `(${tuple(v)})`);
  const tuple = (list: readonly ListValue[]): string => list.map(one).join(", ") + (list.length === 1 ? "," : "");
  return tuple(values);
}

describe("parseListFlag", () => {
  it.each<[string, ListValue[]]>([
    ["", []],
    ["  ", []],
    ["500", [500]],
    ["(500)", [500]],
    ["3,3", [3, 3]],
    ["(3,3)", [3, 3]],
    [
      "(3,3),(5,3)",
      [
        [3, 3],
        [5, 3],
      ],
    ],
    ["(3,1)", [3, 1]],
    ["(3,1),", [[3, 1]]],
    ["((3,1),)", [[3, 1]]],
    ["[3,1]", [[3, 1]]],
    ["'relu','relu'", ["relu", "relu"]],
    ["'linear'", ["linear"]],
    ["relu, linear", ["relu", "linear"]],
    ['"relu"', ["relu"]],
    ["24, 36, 36", [24, 36, 36]],
    ["0.2,.5,1.0,-1,1e-3", [0.2, 0.5, 1, -1, 0.001]],
  ])("reads %j", (text, wanted) => {
    expect(parseListFlag(text, "--flag")).toEqual(wanted);
  });

  it.each(["3,,3", "(3,3", "3)", "'relu", "3 3", "(", ",", "0x10", "1.2.3", "3;3", "3)("])(
    "refuses %j with the flag and the place",
    (text) => {
      expect(() => parseListFlag(text, "--cnn_filters")).toThrow(UsageError);
      expect(() => parseListFlag(text, "--cnn_filters")).toThrow(/^--cnn_filters: character \d+ /);
    },
  );

  it("refuses deep nesting and long texts", () => {
    expect(() => parseListFlag("(".repeat(5000), "f")).toThrow(/parentheses inside each other/);
    expect(() => parseListFlag("1,".repeat(1e6), "f")).toThrow(/^f: a list of 2000000 characters/);
  });

  it("reads back what Python prints", () => {
    const item = fc.oneof(
      fc.integer({ min: -1000, max: 1000 }),
      fc.stringMatching(/^[a-z_]{0,8}$/),
      fc.array(fc.integer({ min: -9, max: 99 }), { maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(item, { minLength: 1, maxLength: 6 }), (values) => {
        expect(parseListFlag(python(values), "f")).toEqual(values);
      }),
    );
  });

  it("gives a list or a UsageError for any text, at once", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."()[],'\" 13.-ea") }), (text) => {
        try {
          expect(Array.isArray(parseListFlag(text, "f"))).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
        }
      }),
    );
  });
});
