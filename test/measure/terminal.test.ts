import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { evaluatePredictions } from "../../src/measure/metrics.js";
import {
  bar,
  displayWidth,
  paintFor,
  printable,
  renderConfusion,
  renderEvaluation,
  renderTable,
} from "../../src/measure/terminal.js";

const plain = paintFor({ isTTY: false }, {});
const painted = paintFor({ isTTY: true }, {});

describe("paintFor", () => {
  it("paints on a terminal only, and never under NO_COLOR", () => {
    expect(painted("red", "x")).toBe("\u001b[31mx\u001b[39m");
    expect(plain("red", "x")).toBe("x");
    expect(paintFor({ isTTY: true }, { NO_COLOR: "1" })("red", "x")).toBe("x");
    expect(paintFor({ isTTY: true }, { NO_COLOR: "" })("red", "x")).not.toBe("x");
    expect(paintFor({ isTTY: true }, { TERM: "dumb" })("red", "x")).toBe("x");
  });
});

describe("renderTable", () => {
  it("lines columns up by what is seen, not by bytes", () => {
    const text = renderTable(
      [{ title: "word" }, { title: "n", align: "right" }],
      [
        [painted("bold", "はい"), "7"],
        ["yes", "100"],
      ],
      plain,
    );
    expect(stripVTControlCharacters(text)).toBe("word    n\nはい    7\nyes   100");
  });

  it("knows how wide text is", () => {
    expect(displayWidth("\u001b[31mabc\u001b[39m")).toBe(3);
    expect(displayWidth("e\u0301")).toBe(1);
    expect(displayWidth("はい")).toBe(4);
  });
});

describe("bar", () => {
  it("has its width for every fraction", () => {
    expect(bar(0, 4)).toBe("    ");
    expect(bar(1, 4)).toBe("████");
    expect(bar(0.5, 4)).toBe("██  ");
    expect(bar(5 / 32, 4)).toBe("▋   ");
    for (let i = -5; i < 110; i++) expect(bar(i / 100, 7)).toHaveLength(7);
  });
});

describe("pictures of an evaluation", () => {
  const evaluation = evaluatePredictions([0, 0, 1, 1], [0, 1, 1, 1], ["yes", "\u001b[2Jno"]);

  it("shows counts with zeros as dots, and control characters as text", () => {
    expect(renderConfusion(evaluation, plain)).toBe(
      [`${" ".repeat(15)}   0   1`, " 0 yes            1   1", " 1 \\u001b[2Jno    ·   2"].join("\n"),
    );
  });

  it("shows the accuracy with its interval and every label", () => {
    const text = renderEvaluation(evaluation, plain);
    expect(text).toContain("accuracy 75.00 % of 4 clips (95 % interval 30.1 % to 95.4 %)");
    expect(text.split("\n")).toHaveLength(4);
  });

  it("lets no control character of a label through", () => {
    expect(printable("a\u001b[31m\r\n\u202e")).toBe("a\\u001b[31m\\u000d\\u000a\\u202e");
  });
});
