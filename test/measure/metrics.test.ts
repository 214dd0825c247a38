import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UserError } from "../../src/base/errors.js";
import { wilsonInterval } from "../../src/measure/interval.js";
import { mcnemarTest } from "../../src/measure/mcnemar.js";
import { argmaxOfRow, evaluatePredictions, evaluateScores } from "../../src/measure/metrics.js";
import { worstMistakes } from "../../src/measure/mistakes.js";
import { summarizeSeeds } from "../../src/measure/seeds.js";

describe("evaluatePredictions", () => {
  // By hand: truth a a a a b b c, heard a a b c b a c.
  const evaluation = evaluatePredictions([0, 0, 0, 0, 1, 1, 2], [0, 0, 1, 2, 1, 0, 2], ["a", "b", "c", "d"]);

  it("counts [truth][predicted]", () => {
    expect(evaluation.confusion).toEqual([
      [2, 1, 1, 0],
      [1, 1, 0, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 0],
    ]);
    expect(evaluation.accuracy).toBe(4 / 7);
    expect(evaluation.clips).toBe(7);
  });

  it("gives precision, recall and F1 of each label, and null where a ratio has no denominator", () => {
    expect(evaluation.perClass[0]).toEqual({ label: "a", clips: 4, precision: 2 / 3, recall: 2 / 4, f1: 4 / 7 });
    expect(evaluation.perClass[2]).toEqual({ label: "c", clips: 1, precision: 1 / 2, recall: 1, f1: 2 / 3 });
    expect(evaluation.perClass[3]).toEqual({ label: "d", clips: 0, precision: null, recall: null, f1: null });
  });

  it("counts every clip, whatever the number", () => {
    const pair = fc.tuple(fc.nat(3), fc.nat(3));
    fc.assert(
      fc.property(fc.array(pair, { minLength: 1, maxLength: 300 }), (pairs) => {
        const [truth, heard] = [pairs.map(([t]) => t), pairs.map(([, p]) => p)];
        const result = evaluatePredictions(truth, heard, ["a", "b", "c", "d"]);
        const right = pairs.filter(([t, p]) => t === p).length;
        expect(result.clips).toBe(pairs.length);
        expect(result.confusion.flat().reduce((a, b) => a + b)).toBe(pairs.length);
        expect(result.accuracy).toBe(right / pairs.length);
        expect(result.perClass.reduce((sum, item) => sum + item.clips, 0)).toBe(pairs.length);
        expect(result.interval[0]).toBeLessThanOrEqual(result.accuracy);
        expect(result.interval[1]).toBeGreaterThanOrEqual(result.accuracy);
      }),
    );
  });

  it("refuses an empty evaluation", () => {
    expect(() => evaluatePredictions([], [], ["a"])).toThrow(UserError);
  });

  it("refuses indices that are no labels", () => {
    expect(() => evaluatePredictions([0], [2], ["a", "b"])).toThrow(/none of 0 to 1/);
    expect(() => evaluatePredictions([-1], [0], ["a", "b"])).toThrow(/none of 0 to 1/);
  });
});

describe("evaluateScores", () => {
  it("takes the largest score, the lowest index on a tie", () => {
    expect(argmaxOfRow([9, 9, 1, 5, 5], 0, 3)).toBe(0);
    expect(argmaxOfRow([9, 0, 1, 5, 5, 1], 1, 3)).toBe(0);
    expect(argmaxOfRow([-Infinity, -3], 0, 2)).toBe(1);
  });

  it("has the same loss from logits as from their softmax", () => {
    const logit = fc.double({ min: -20, max: 20, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(logit, logit, logit, fc.nat(2)), { minLength: 1, maxLength: 20 }), (rows) => {
        const truth = rows.map((row) => row[3]);
        const logits = rows.flatMap(([a, b, c]) => [a, b, c]);
        const softmax = rows.flatMap(([a, b, c]) => {
          const exps = [a, b, c].map((value) => Math.exp(value - Math.max(a, b, c)));
          return exps.map((value) => value / (exps[0]! + exps[1]! + exps[2]!));
        });
        const first = evaluateScores(truth, logits, ["a", "b", "c"], "logits").loss as number;
        const second = evaluateScores(truth, softmax, ["a", "b", "c"]).loss as number;
        expect(Math.abs(first - second)).toBeLessThan(1e-9 * Math.max(1, first));
      }),
    );
  });

  it("stays finite where the truth has probability zero", () => {
    expect(evaluateScores([1], [1, 0], ["a", "b"]).loss).toBeCloseTo(-Math.log(1e-30), 6);
  });

  it("names the clip whose score is no number", () => {
    expect(() => evaluateScores([0, 0], [1, 0, Number.NaN, 0], ["a", "b"])).toThrow(/clip 1: .* label 0 is not a number/);
  });
});

describe("wilsonInterval", () => {
  it("agrees with published values", () => {
    // Newcombe, Two-sided confidence intervals for the single proportion, Statistics in Medicine 17 (1998), table I, method 3.
    const published: [number, number, number, number][] = [
      [81, 263, 0.2553, 0.3662],
      [15, 148, 0.0624, 0.1605],
      [0, 20, 0, 0.1611],
      [1, 29, 0.0061, 0.1718],
    ];
    for (const [successes, trials, low, high] of published) {
      const interval = wilsonInterval(successes, trials);
      expect(interval[0]).toBeCloseTo(low, 4);
      expect(interval[1]).toBeCloseTo(high, 4);
    }
  });

  it("stays within [0, 1] and is mirrored when successes and failures change places", () => {
    fc.assert(
      fc.property(fc.nat(5000), fc.nat(5000), (right, wrong) => {
        const [low, high] = wilsonInterval(right, right + wrong);
        const [mirroredLow, mirroredHigh] = wilsonInterval(wrong, right + wrong);
        expect(low >= 0 && high <= 1 && low <= high).toBe(true);
        expect(low).toBeCloseTo(1 - mirroredHigh, 9);
        expect(high).toBeCloseTo(1 - mirroredLow, 9);
      }),
    );
  });
});

describe("summarizeSeeds", () => {
  it("divides by n - 1", () => {
    const summary = summarizeSeeds([2, 4, 4, 4, 5, 5, 7, 9]);
    expect(summary.mean).toBe(5);
    expect(summary.deviation).toBeCloseTo(Math.sqrt(32 / 7), 12);
    expect([summary.lowest, summary.highest, summary.seeds]).toEqual([2, 9, 8]);
  });

  it("claims no deviation for a single seed", () => {
    expect(summarizeSeeds([0.9]).deviation).toBeNull();
  });
});

const judge = (onlyFirst: number, onlySecond: number, both: number): ReturnType<typeof mcnemarTest> => {
  const first = [...Array(onlyFirst).fill(0), ...Array(onlySecond).fill(1), ...Array(both).fill(0)] as number[];
  const second = [...Array(onlyFirst).fill(1), ...Array(onlySecond).fill(0), ...Array(both).fill(0)] as number[];
  return mcnemarTest(
    first.map(() => 0),
    first,
    second,
  );
};

describe("mcnemarTest", () => {
  it("counts only the clips on which the models differ", () => {
    // 2 * P(X <= 1), X binomial(10, 1/2) = 2 * 11 / 1024.
    expect(judge(1, 9, 500)).toEqual({ onlyFirst: 1, onlySecond: 9, probability: expect.closeTo(22 / 1024, 12) as number });
    expect(judge(5, 5, 0).probability).toBe(1);
    expect(judge(0, 0, 10).probability).toBe(1);
  });

  it("holds for thousands of clips, where a power of one half underflows", () => {
    // Normal approximation with continuity correction: z = (|b - c| - 1) / sqrt(b + c) = 2.0192, two-sided 0.0435.
    expect(judge(1200, 1302, 0).probability).toBeCloseTo(0.0434, 3);
  });
});

describe("worstMistakes", () => {
  it("puts the most confident mistake first and leaves out what was right", () => {
    const scores = [0.6, 0.4, 0.1, 0.9, 0.2, 0.8, 0.7, 0.3];
    expect(worstMistakes([1, 0, 1, 1], scores, 2, 10)).toEqual([
      { clip: 1, truth: 0, predicted: 1, score: 0.9, truthScore: 0.1 },
      { clip: 3, truth: 1, predicted: 0, score: 0.7, truthScore: 0.3 },
      { clip: 0, truth: 1, predicted: 0, score: 0.6, truthScore: 0.4 },
    ]);
    expect(worstMistakes([1, 0, 1, 1], scores, 2, 1)).toHaveLength(1);
  });
});
