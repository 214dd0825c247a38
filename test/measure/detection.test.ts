import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FormatError, UserError } from "../../src/base/errors.js";
import { chooseThreshold, detectionCurve } from "../../src/measure/detection_curve.js";
import { scoreDetections } from "../../src/measure/detection_score.js";
import { readDetectionFile, writeDetectionFile } from "../../src/measure/detection_file.js";
import { DetectionTrace } from "../../src/measure/detection_trace.js";
import { scoreOffline, scoreRunner } from "../../src/measure/mlperf_scoring.js";
import { poissonInterval } from "../../src/measure/poisson.js";
import { detectionSection } from "../../src/measure/report/detection.js";
import { readTruth, type Truth } from "../../src/measure/truth_file.js";

const truth: Truth = {
  events: [
    { start: 10, end: 10.6, label: "yes" },
    { start: 20, end: 20.5, label: "no" },
    { start: 30, end: 30.5, label: "yes" },
  ],
  ignored: [{ start: 50, end: 55, label: "no" }],
};
const at = (time: number, label: string) => ({ time, label, score: 0.9 });

describe("false accepts and misses", () => {
  it("are counted by time and label; a word is heard once, running speech with it does not count", () => {
    const heard = [at(10.5, "yes"), at(10.9, "yes"), at(20.4, "yes"), at(31.01, "yes"), at(52, "no"), at(53, "yes")];
    const score = scoreDetections(heard, truth, 3600, 0.5);
    expect(score).toMatchObject({ events: 3, hits: 1, misses: 2, falseAccepts: 3, ignored: 1 });
    expect(score.wrong.map(({ time }) => time)).toEqual([20.4, 31.01, 53]);
    expect(score.latency?.median).toBeCloseTo(-0.1, 9);
    // Three words of 0.6, 0.5 and 0.5 s, each with 0.5 s after it.
    expect(score.hours).toBeCloseTo((3600 - 3.1) / 3600, 9);
  });

  it("have the exact interval of a Poisson distribution", () => {
    // Garwood's table.
    for (const [count, low, high] of [
      [0, 0, 3.689],
      [1, 0.025318, 5.572],
      [10, 4.795, 18.39],
      [100, 81.36, 121.63],
    ]) {
      const [from, to] = poissonInterval(count);
      expect(from / (low || 1)).toBeCloseTo(low === 0 ? 0 : 1, 3);
      expect(to / high).toBeCloseTo(1, 3);
    }
    expect(poissonInterval(5000)[0]).toBeGreaterThan(4800);
  });

  it("over all thresholds: every word is heard at the lowest, nothing at the highest; the choice keeps to its target", () => {
    const trace = new DetectionTrace(["_silence_", "yes", "no"]);
    const hop = 0.1;
    const bump = (time: number, center: number, height: number): number => Math.max(0, height - 2 * Math.abs(time - center));
    for (let i = 1; i < 36_000; i++) {
      const time = i * hop;
      const yes = Math.max(bump(time, 10.5, 0.9), bump(time, 30.5, 0.7), bump(time, 100, 0.8), bump(time, 200, 0.5));
      trace.add(time, Float32Array.of(0, yes, bump(time, 20.4, 0.6)), [1, 2]);
    }
    const setting = { seconds: 3600, tolerance: 0.5, refractory: 1 };
    const curve = detectionCurve(trace, truth, setting);
    expect(curve[0]).toMatchObject({ missRate: 0 });
    expect(curve[curve.length - 1]).toMatchObject({ missRate: 1, falseAcceptsPerHour: 0 });
    const { hours } = scoreDetections([], truth, 3600, 0.5);
    const chosen = chooseThreshold(curve, 3.5, hours);
    expect(chosen.missRate).toBe(0);
    expect(chosen.falseAcceptsPerHour).toBeLessThanOrEqual(3.5);
    // Three hours of recording are needed for one an hour.
    expect(() => chooseThreshold(curve, 1, hours)).toThrow(UserError);
    expect(() => chooseThreshold(curve, 1, hours)).toThrow(/at least 3.00 hours/);
  });
});

describe("truth files", () => {
  it("of several recordings, one is found by its name; faults are named", async () => {
    const folder = mkdtempSync(join(tmpdir(), "earshot-truth-"));
    const file = join(folder, "t.json");
    const write = (value: unknown): void => writeFileSync(file, JSON.stringify(value));
    try {
      write([
        { wav_file: "a.wav", detection_windows: [[1, 2]] },
        { wav_file: "b.wav", detection_windows: [[3, 4]], labels: ["yes"], ignored: [[5, 6, "no"]] },
      ]);
      expect(await readTruth(file, "/x/b.flac")).toEqual({
        events: [{ start: 3, end: 4, label: "yes" }],
        ignored: [{ start: 5, end: 6, label: "no" }],
      });
      await expect(readTruth(file, "c.wav")).rejects.toThrow(/no recording c.wav/);
      for (const value of [
        [],
        [{}],
        [{ wav_file: "a", detection_windows: [[2, 1]] }],
        [{ wav_file: "a", detection_windows: [[1, 2]], labels: [] }],
      ]) {
        write(value);
        await expect(readTruth(file, "a.wav")).rejects.toThrow(FormatError);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

const models = join(import.meta.dirname, "../../../shared/models");
const frames = join(models, "expected/mlperf-tiny/str_ww_short_wav.csv");

describe("MLPerf Tiny", () => {
  it("counts frames by the two rules", () => {
    const windows = [{ start: 1, end: 1.648 }];
    expect(scoreRunner([2.6], windows)).toEqual({ truePositives: 1, falseNegatives: 0, falsePositives: 0 });
    expect(scoreRunner([2.8], windows)).toEqual({ truePositives: 0, falseNegatives: 1, falsePositives: 1 });
    // Later than half a second after the word: neither right nor false for the script.
    expect(scoreOffline([2.6], windows)).toEqual({ truePositives: 0, falseNegatives: 1, falsePositives: 0 });
    expect(scoreOffline([5, 5.5, 5.99, 6.1], windows)).toMatchObject({ falsePositives: 2 });
  });

  it.skipIf(!existsSync(frames))(
    "scores the recorded frames of the short recording: 2 heard, 1 missed (needs ../shared)",
    async () => {
      const { events } = await readTruth(join(models, "mlperf-tiny/sww_short_test.json"), "short_wav_easy10s.wav");
      const rows = readFileSync(frames, "utf8")
        .trim()
        .split("\n")
        .slice(1)
        .map((line) => line.split(",").map(Number));
      const times = rows.filter((row) => row[5] > 0.95).map((row) => row[1]);
      expect(scoreOffline(times, events)).toEqual({ truePositives: 2, falseNegatives: 1, falsePositives: 0 });
      expect(scoreRunner(times, events)).toEqual({ truePositives: 2, falseNegatives: 1, falsePositives: 0 });
    },
  );
});

describe("the report's section", () => {
  it("shows the figures and the curve of a record that is written and read again", async () => {
    const folder = mkdtempSync(join(tmpdir(), "earshot-detection-"));
    try {
      const file = join(folder, "detection.json");
      const curve = [
        { threshold: 0.3, falseAcceptsPerHour: 9, missRate: 0.1 },
        { threshold: 0.8, falseAcceptsPerHour: 2, missRate: 0.25 },
        { threshold: 1, falseAcceptsPerHour: 0, missRate: 1 },
      ];
      await writeDetectionFile(file, {
        model: "m",
        recording: "long.wav",
        date: "2026-01-01T00:00:00Z",
        events: 20,
        misses: 5,
        missRate: 0.25,
        falseAccepts: 2,
        hours: 1,
        falseAcceptsPerHour: 2,
        falseAcceptInterval: [0.24, 7.22],
        curve,
      });
      const record = await readDetectionFile(file);
      expect(record.curve).toEqual(curve);
      const page = detectionSection(record).text;
      expect(page).toContain("<b>2.00</b> false accepts an hour (2 in 1.00 h; 95 %: 0.24 to 7.22)");
      expect(page).toMatch(/<path class="line first" d="M\d+\.\d+ \d+\.\d+L\d+/);
      writeFileSync(file, '{"curve": []}');
      await expect(readDetectionFile(file)).rejects.toThrow(FormatError);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
