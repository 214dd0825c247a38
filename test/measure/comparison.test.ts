import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { compareRuns } from "../../src/measure/compare_runs.js";
import { type ComparedRun, renderComparison } from "../../src/measure/comparison.js";
import { decisionsOf, rightClips } from "../../src/measure/decisions.js";
import { type EvaluationRecord, readEvaluationFile, writeEvaluationFile } from "../../src/measure/evaluation_file.js";
import { evaluationOfConfusion } from "../../src/measure/metrics.js";
import { overlap, placeLabels } from "../../src/measure/report/place_labels.js";
import { spread } from "../../src/measure/report/spread.js";
import { HOSTILE, unbalanced } from "./page_checks.js";

const base = mkdtempSync(join(tmpdir(), "earshot-compare-"));
afterAll(() => rmSync(base, { recursive: true }));

/** A run whose accuracy is `right` of 20 clips; the other clips of each label were heard as the other one. */
function run(name: string, right: number, more: Partial<ComparedRun> = {}): ComparedRun {
  const evaluation = evaluationOfConfusion(
    [
      [right / 2, 10 - right / 2],
      [10 - right / 2, right / 2],
    ],
    ["yes", "no"],
  );
  const training = [10, 20, 30].map((step) => ({ step, validationAccuracy: step / 40, validationLoss: 1 / step }));
  return {
    name,
    model: "ds_cnn_s",
    parameters: 23_756,
    multiplyAccumulates: 2_656_768,
    seed: 0,
    steps: 30,
    evaluation,
    training,
    ...more,
  };
}

const pageOf = (runs: ComparedRun[]): string => renderComparison({ runs, seedGroups: [], notes: [], version: "0.1.0" });

describe("renderComparison", () => {
  it("is one closed page with a section for each question, and loads nothing", () => {
    const page = pageOf([
      run("one", 12),
      run("two", 16, { againstFirst: { onlyFirst: 1, onlySecond: 5, probability: 0.21875 } }),
    ]);
    expect(unbalanced(page)).toEqual([]);
    for (const heading of ["The runs", "How good for its size", "Training together", "What changed against A"])
      expect(page).toContain(`<h2>${heading}</h2>`);
    expect(page).not.toMatch(/https?:|<script|<link|<iframe|@import|url\(|src=|href=/i);
    expect(page).toContain('data-head="p against A" title="1 clips only A heard right, 5 only B">0.22</td>');
    expect(page).toContain("Most accurate: <b>B two</b> with <b>80.00 %</b>");
  });

  it("shows B minus A in every cell, blue where B is better", () => {
    const page = pageOf([run("one", 12), run("two", 16)]);
    const cells = [...page.matchAll(/<td class="(hit|miss)[^"]*" style="--s:[\d.]+" title="([^"]*)">([^<]*)<\/td>/g)].map(
      ([, look, title, text]) => `${look} ${title?.split(":")[0]} ${text}`,
    );
    expect(cells).toEqual([
      "hit yes heard as yes +2",
      "hit yes heard as no −2",
      "hit no heard as yes −2",
      "hit no heard as no +2",
    ]);
    expect(page).toContain("4 more right");
  });

  it("aligns labels of another order, counts in points where clips differ, and leaves other labels out", () => {
    const swapped = {
      ...run("b", 20),
      evaluation: evaluationOfConfusion(
        [
          [5, 0],
          [1, 4],
        ],
        ["no", "yes"],
      ),
    };
    const other = {
      ...run("c", 20),
      evaluation: evaluationOfConfusion(
        [
          [5, 0],
          [1, 4],
        ],
        ["no", "stop"],
      ),
    };
    const page = pageOf([run("a", 20), swapped, other]);
    expect(page).toContain("Percentage points of each row");
    expect(page).toMatch(/title="yes heard as no: \+20, \+20 points of the row">\+20</);
    expect(page).not.toContain("C − A");
  });

  it("escapes names and labels", () => {
    const hostile = run(HOSTILE, 12, {
      model: HOSTILE,
      evaluation: evaluationOfConfusion(
        [
          [3, 1],
          [0, 4],
        ],
        [HOSTILE, "no"],
      ),
    });
    const page = renderComparison({
      runs: [
        hostile,
        {
          ...hostile,
          evaluation: evaluationOfConfusion(
            [
              [4, 0],
              [2, 2],
            ],
            [HOSTILE, "no"],
          ),
        },
      ],
      seedGroups: [],
      notes: [HOSTILE],
      version: HOSTILE,
    });
    expect(page).not.toMatch(/<script|<img|onerror='/i);
    expect(unbalanced(page)).toEqual([]);
  });

  it("stays below 4 MB for 26 runs of 300 labels, and draws what is known of runs that were not measured", () => {
    const labels = Array.from({ length: 300 }, (_, i) => `word number ${i}`);
    const random = new RandomStream(3, 1);
    const runs = Array.from({ length: 26 }, (_, i) =>
      run(`run ${i}`, 10, {
        evaluation: evaluationOfConfusion(
          labels.map(() => labels.map(() => Math.floor(random.uniform() * 3))),
          labels,
        ),
      }),
    );
    expect(pageOf(runs).length).toBeLessThan(4e6);
    const bare = pageOf([{ name: "a" }, { name: "b", training: [{ step: 1, validationLoss: 2 }] }]);
    expect(bare).toContain("None was evaluated yet");
    expect(bare).toContain("Validation loss");
    expect(bare).not.toMatch(/NaN|Infinity|undefined/);
    expect(unbalanced(bare)).toEqual([]);
  });
});

describe("placeLabels", () => {
  const frame = { left: 50, top: 10, width: 330, height: 240 };

  it("overlaps neither labels nor points, for 26 runs in one spot, on a line and anywhere", () => {
    const random = new RandomStream(7, 1);
    const crowds = {
      spot: () => ({ x: 200 + random.uniform() * 30, y: 100 + random.uniform() * 10 }),
      line: () => ({ x: 377, y: 20 + random.uniform() * 220 }),
      anywhere: () => ({ x: 55 + random.uniform() * 320, y: 15 + random.uniform() * 230 }),
    };
    for (const draw of Object.values(crowds)) {
      const requests = Array.from({ length: 26 }, () => ({ ...draw(), width: 52, height: 15 }));
      const corners = placeLabels(requests, frame, []);
      const boxes = corners.flatMap((corner, i) => (corner === undefined ? [] : [{ ...corner, width: 52, height: 15, i }]));
      expect(boxes.length).toBeGreaterThanOrEqual(24);
      for (const a of boxes) {
        expect(boxes.filter((b) => b.i !== a.i && overlap(a, b))).toEqual([]);
        expect(requests.filter(({ x, y }) => overlap(a, { left: x - 5, top: y - 5, width: 10, height: 10 }))).toEqual([]);
        expect(a.left >= frame.left && a.left + a.width <= frame.left + frame.width).toBe(true);
      }
    }
  });

  it("puts the label of a lone point right beside it", () => {
    expect(placeLabels([{ x: 100, y: 100, width: 40, height: 14 }], frame, [])).toEqual([{ left: 108, top: 93 }]);
  });
});

describe("spread", () => {
  it("keeps what is far apart, and moves what is near just far enough", () => {
    expect(spread([50, 10], 14, 0, 100)).toEqual([50, 10]);
    expect(spread([50, 52], 14, 0, 100)).toEqual([44, 58]);
    expect(spread([0, 1, 2], 14, 0, 100)).toEqual([0, 14, 28]);
    expect(spread([99, 5, 100], 14, 0, 100)).toEqual([86, 5, 100]);
  });

  it("fits any number into the room", () => {
    const moved = spread(
      Array.from({ length: 26 }, () => 90),
      14,
      10,
      100,
    );
    expect(Math.min(...moved)).toBeCloseTo(10);
    expect(Math.max(...moved)).toBeCloseTo(100);
  });
});

describe("decisions", () => {
  it("are equal for the same clips in another order, and differ for others", () => {
    const names = ["yes/a.wav@0-", "silence", "no/b.wav@0-"];
    const a = decisionsOf(names, ["yes", "_silence_", "no"], [true, false, false]);
    const b = decisionsOf(names.toReversed(), ["no", "_silence_", "yes"], [false, false, true]);
    expect(a).toEqual(b);
    expect([...rightClips(a, 3)]).toEqual([0, 0, 1]);
    expect(decisionsOf(names, ["no", "_silence_", "no"], [true, false, false]).clips).not.toBe(a.clips);
  });
});

/** A run's folder with an evaluation of clips of which the given ones were heard right. */
async function folderOf(
  path: string,
  seed: number,
  right: readonly boolean[],
  more: Partial<EvaluationRecord> = {},
): Promise<string> {
  const folder = join(base, path);
  mkdirSync(folder, { recursive: true });
  const correct = right.filter(Boolean).length;
  const record: EvaluationRecord = {
    model: "crnn",
    data: "data",
    split: "testing",
    seed,
    date: "2026-11-21T09:30:00.000Z",
    versions: {},
    evaluation: evaluationOfConfusion([[correct, right.length - correct]].concat([[0, 0]]), ["yes", "no"]),
    mistakes: [],
    decisions: decisionsOf(
      right.map((_, i) => `yes/${i}`),
      right.map(() => "yes"),
      right,
    ),
    ...more,
  };
  await writeEvaluationFile(join(folder, "evaluation.json"), record);
  writeFileSync(join(folder, "recipe.json"), JSON.stringify({ model: { name: "crnn" }, seed, steps: 9 }));
  return folder;
}

describe("compareRuns", () => {
  const some = (...wrong: number[]): boolean[] => Array.from({ length: 20 }, (_, i) => !wrong.includes(i));

  it("tests runs on the same clips, groups seeds, and shortens names", async () => {
    const folders = [
      await folderOf("x/run", 0, some(0, 1, 2, 3, 4, 5, 6)),
      await folderOf("y/run", 1, some(7)),
      await folderOf("z", 2, some(0).concat(true)),
    ];
    const { runs, seedGroups, notes } = await compareRuns(folders);
    expect(runs.map(({ name }) => name)).toEqual([join("x", "run"), join("y", "run"), "z"]);
    // 8 clips that exactly one heard right, split 1 to 7: 2 (1 + 8) / 2^8.
    expect(runs[1]?.againstFirst).toEqual({ onlyFirst: 1, onlySecond: 7, probability: 18 / 256 });
    expect(runs[2]?.againstFirst).toBeUndefined();
    expect(seedGroups.map(({ members }) => members)).toEqual([[0, 1]]);
    expect(notes.join("\n")).toMatch(/Not measured on the same clips.*\nNo p against A for C/);
  });

  it("says what is wrong with the folders", async () => {
    const folder = await folderOf("twice", 0, some());
    await expect(compareRuns([folder, join(folder, ".")])).rejects.toThrow(/the run is named twice/);
    const many = Array.from({ length: 27 }, (_, i) => `${folder}${i}`);
    await expect(compareRuns(many)).rejects.toThrow("27 runs are named; at most 26 can be compared");
    await expect(compareRuns([folder, join(base, "none")])).rejects.toThrow(/none: there is no such folder/);
  });

  it("refuses decisions that do not fit the clips", async () => {
    const folder = await folderOf("bits", 0, some(), { decisions: { clips: "0".repeat(64), right: "AAAAAAAA" } });
    await expect(readEvaluationFile(join(folder, "evaluation.json"))).rejects.toThrow(
      /decisions\.right: not one bit for each of 20 clips/,
    );
  });
});
