import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { FormatError } from "../../src/base/errors.js";
import { type EvaluationRecord, readEvaluationFile, writeEvaluationFile } from "../../src/measure/evaluation_file.js";
import { evaluatePredictions } from "../../src/measure/metrics.js";
import { parseTrainingLog } from "../../src/measure/training_log.js";

const folder = mkdtempSync(join(tmpdir(), "earshot-measure-"));
afterAll(() => rmSync(folder, { recursive: true }));

function record(): EvaluationRecord {
  return {
    model: "ds_cnn",
    parameters: 23_180,
    data: "clips",
    split: "testing",
    date: "2026-11-21T09:30:00.000Z",
    versions: { earshot: "0.1.0" },
    evaluation: { ...evaluatePredictions([0, 1, 1], [0, 1, 0], ["yes", "no"]), loss: 0.25 },
    mistakes: [{ path: "no/a.wav", truth: "no", predicted: "yes", score: 0.9, truthScore: 0.1 }],
  };
}

describe("evaluation.json", () => {
  it("gives back what was written and leaves no temporary file", async () => {
    const path = join(folder, "evaluation.json");
    await writeEvaluationFile(path, record());
    expect(await readEvaluationFile(path)).toEqual(record());
    expect(readdirSync(folder)).toEqual(["evaluation.json"]);
  });

  it("computes figures from the counts, so that a record cannot contradict itself", async () => {
    const path = join(folder, "lying.json");
    const lying = record();
    lying.evaluation.accuracy = 1;
    writeFileSync(path, JSON.stringify(lying));
    expect((await readEvaluationFile(path)).evaluation.accuracy).toBe(2 / 3);
  });

  it("names the file, the place and the remedy where the file is wrong", async () => {
    const path = join(folder, "wrong.json");
    const cases: [change: (value: Record<string, unknown>) => unknown, message: RegExp][] = [
      [(value) => ({ ...value, split: 3 }), /wrong\.json: split: .*earshot evaluate/],
      [
        (value) => ({ ...value, mistakes: [{ path: "a", truth: "yes", predicted: "no", score: 3, truthScore: 0 }] }),
        /mistakes\.0\.score/,
      ],
      [(value) => ({ ...value, evaluation: { labels: ["a", "b"], confusion: [[1, 0]] } }), /evaluation\.confusion: not 2 rows/],
      [() => [], /wrong\.json/],
    ];
    for (const [change, message] of cases) {
      writeFileSync(
        path,
        JSON.stringify(change(JSON.parse(readFileSync(join(folder, "evaluation.json"), "utf8")) as Record<string, unknown>)),
      );
      await expect(readEvaluationFile(path)).rejects.toThrow(message);
      await expect(readEvaluationFile(path)).rejects.toThrow(FormatError);
    }
    writeFileSync(path, '{"model":');
    await expect(readEvaluationFile(path)).rejects.toThrow(FormatError);
  });
});

describe("metrics.jsonl", () => {
  it("reads the figures of each line and leaves out what is none", () => {
    const text = '{"step":1,"loss":2.5,"other":1}\n\n{"step":2,"loss":null,"validationAccuracy":0.5}\n';
    expect(parseTrainingLog(text, "m")).toEqual([
      { step: 1, loss: 2.5 },
      { step: 2, validationAccuracy: 0.5 },
    ]);
  });

  it("drops a last line that was cut off, and only that", () => {
    expect(parseTrainingLog('{"step":1}\n{"step":2,"lo', "m")).toEqual([{ step: 1 }]);
    expect(() => parseTrainingLog('{"step":1}\n{"step":2,"lo\n{"step":3}\n', "m.jsonl")).toThrow(
      /m\.jsonl: line 2: .*JSON object/,
    );
    expect(() => parseTrainingLog('{"loss":1}\n', "m")).toThrow(/line 1/);
  });

  it("gives records or a FormatError for any text", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.json(), fc.string(), fc.constant('{"step":1}'))), (lines) => {
        try {
          for (const item of parseTrainingLog(lines.join("\n"), "m")) expect(Number.isFinite(item.step)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
    );
  });
});
