import { describe, expect, it } from "vitest";
import { Detector, keywordsOf, thresholdsFor } from "../../src/detect/detector.js";
import { Smoother } from "../../src/detect/smoother.js";

const labels = ["_silence_", "_unknown_", "yes", "no"];

/** Times and labels of what is heard in probabilities of "yes" and "no". */
function heard(
  rows: readonly [yes: number, no: number][],
  rule: { threshold?: number; smoothing?: number; refractory?: number },
) {
  const thresholds = thresholdsFor(keywordsOf(labels), rule.threshold ?? 0.8);
  const detector = new Detector(labels, 0.1, { thresholds, smoothing: rule.smoothing ?? 0, refractory: rule.refractory ?? 0.3 });
  return rows.flatMap(([yes, no], i) => {
    const { detection } = detector.push({ time: (i + 1) / 10, scores: Float32Array.of(1 - yes - no, 0, yes, no) });
    return detection === undefined ? [] : [[detection.time, detection.label]];
  });
}

describe("detector", () => {
  it("hears a keyword when its score reaches the threshold, and not again within the refractory time", () => {
    expect(
      heard(
        [
          [0, 0],
          [0.9, 0],
          [0.9, 0],
          [0.9, 0],
          [0, 0],
          [0, 0.9],
        ],
        {},
      ),
    ).toEqual([
      [0.2, "yes"],
      [0.6, "no"],
    ]);
    expect(
      heard(
        [
          [0.9, 0],
          [0.9, 0],
          [0.9, 0],
          [0.9, 0],
        ],
        {},
      ),
    ).toEqual([
      [0.1, "yes"],
      [0.4, "yes"],
    ]);
    expect(
      heard(
        [
          [0.9, 0],
          [0.9, 0],
        ],
        { refractory: 0 },
      ),
    ).toHaveLength(2);
  });

  it("never hears silence", () => {
    expect(
      heard(
        [
          [0, 0],
          [0, 0],
        ],
        { threshold: 0.1 },
      ),
    ).toEqual([]);
  });

  it("averages over the smoothing time", () => {
    expect(
      heard(
        [
          [0, 0],
          [1, 0],
          [1, 0],
          [1, 0],
        ],
        { smoothing: 0.3 },
      ),
    ).toEqual([[0.4, "yes"]]);
    expect(
      heard(
        [
          [0, 0],
          [0, 0],
          [1, 0],
          [0, 0],
          [0, 0],
        ],
        { smoothing: 0.3 },
      ),
    ).toEqual([]);
  });

  it("has a threshold for each label and names those that it does not have", () => {
    const thresholds = thresholdsFor(["yes", "no"], 0.8, new Map([["no", 0.95]]));
    expect([...thresholds]).toEqual([
      ["yes", 0.8],
      ["no", 0.95],
    ]);
    expect(() => thresholdsFor(["yes", "no"], 0.8, new Map([["yess", 1]]))).toThrow(/did you mean 'yes'/);
    expect(() => keywordsOf(labels, ["maybe"])).toThrow(/no keyword 'maybe'/);
  });
});

describe("smoothing", () => {
  it("leaves no drift after many posteriors", () => {
    const smoother = new Smoother(3, 1);
    for (let i = 0; i < 100_000; i++) smoother.push(Float32Array.of(Math.sin(i) * 1e6));
    for (let i = 0; i < 2; i++) smoother.push(Float32Array.of(0.25));
    expect(smoother.push(Float32Array.of(0.25))[0]).toBe(0.25);
  });
});
