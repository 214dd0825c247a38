import { describe, expect, it } from "vitest";
import type { Clip } from "../../src/corpus/clip.js";
import { countFalseAccepts } from "../../src/measure/false_accepts.js";
import { bestKeyword, decide } from "../../src/measure/keyword_decision.js";
import { chooseThreshold, figuresAt, poolScores } from "../../src/measure/own_words.js";
import type { OwnWordsScores } from "../../src/measure/own_words.js";
import type { Spotter } from "../../src/measure/spotter.js";
import { shiftModel, shiftScores, wordShifts } from "../../src/measure/word_balance.js";
import type { Model } from "../../src/formats/model.js";
import { openModel } from "../../src/measure/spotter_model.js";
import { randomModel } from "../formats/random_model.js";

const labels = ["_silence_", "_unknown_", "lamp", "stop"];
const near = [
  { folder: "lamb", trained: true, words: true, distance: 1.2 },
  { folder: "damp", trained: false, words: false, distance: 2 },
];

function clip(word: string): Clip {
  const label = labels.includes(word) ? word : "_unknown_";
  return { path: `${word}.wav`, label, word, speaker: "", split: "testing", kind: "file" };
}

/** Clips with the probabilities of the two keywords. */
function scores(rows: readonly (readonly [word: string, lamp: number, stop: number])[]): OwnWordsScores {
  const probabilities = Float32Array.from(rows.flatMap(([, lamp, stop]) => [0, 1 - lamp - stop, lamp, stop]));
  return { labels, clips: rows.map(([word]) => clip(word)), probabilities };
}

const rows = [
  ["lamp", 0.9, 0],
  ["lamp", 0.6, 0],
  ["lamp", 0.2, 0.7],
  ["stop", 0, 0.8],
  ["lamb", 0.5, 0],
  ["lamb", 0.1, 0],
  ["damp", 0.3, 0],
  ["tree", 0, 0.05],
] as const;

describe("decisions at a threshold", () => {
  it("take the best keyword where it reaches the threshold, and the best other label else", () => {
    const row = [0.1, 0.5, 0.4, 0];
    expect(bestKeyword(row, 0, labels)).toEqual({ label: 2, score: 0.4 });
    expect(decide(row, 0, labels, undefined)).toBe(1);
    expect(decide(row, 0, labels, 0.3)).toBe(2);
    expect(decide([0.3, 0.1, 0.6, 0], 0, labels, 0.7)).toBe(0);
    expect(decide([0.4, 0.6], 0, ["lamp", "stop"], 0.9)).toBe(1);
  });
});

describe("figures of own words", () => {
  it("are those of all clips where scores are pooled", () => {
    const pooled = figuresAt(poolScores([scores(rows.slice(0, 3)), scores(rows.slice(3))]), near, 0.4);
    expect(pooled).toEqual(figuresAt(scores(rows), near, 0.4));
  });

  it("count what is missed, confused and accepted, kind by kind", () => {
    const figures = figuresAt(scores(rows), near, 0.4);
    expect(figures.words["lamp"]).toEqual({ clips: 3, wrong: 1, rate: 1 / 3 });
    expect(figures.words["stop"]).toEqual({ clips: 1, wrong: 0, rate: 0 });
    expect(figures.missed).toEqual({ clips: 4, wrong: 1, rate: 0.25 });
    expect(figures.near).toEqual({ clips: 3, wrong: 1, rate: 1 / 3 });
    expect(figures.nearTrained.clips).toBe(2);
    expect(figures.nearNew).toEqual({ clips: 1, wrong: 0, rate: 0 });
    expect(figures.nearWords).toEqual({ clips: 2, wrong: 1, rate: 0.5 });
    expect(figures.nearSounds).toEqual({ clips: 1, wrong: 0, rate: 0 });
    expect(figures.nearByDistance.map(({ clips, wrong }) => [clips, wrong])).toEqual([
      [2, 1],
      [0, 0],
      [1, 0],
    ]);
    expect(figures.other).toEqual({ clips: 1, wrong: 0, rate: 0 });
    expect(figures.worst).toEqual([{ text: "lamb", clips: 2, wrong: 1 }]);
  });

  it("are balanced at the chosen threshold", () => {
    // 0.51 to 0.6: the confused clip alone is wrong.
    const threshold = chooseThreshold(scores(rows), near);
    expect(threshold).toBeCloseTo(0.6, 6);
    const { missed, near: nearly } = figuresAt(scores(rows), near, threshold);
    expect([missed.wrong, nearly.wrong]).toEqual([1, 0]);
  });

  it("weigh other words more than near-sounding ones", () => {
    const some = scores([
      ...Array.from({ length: 9 }, () => ["lamp", 0.5, 0] as const),
      ["lamb", 0.1, 0],
      ["tree", 0.55, 0],
      ["lamp", 0.6, 0],
    ]);
    // Letting tree in costs more than missing nine of ten.
    expect(chooseThreshold(some, near)).toBeGreaterThan(0.55);
  });
});

describe("the balance of words", () => {
  const uneven = scores([
    ["lamp", 0.3, 0],
    ["lamp", 0.25, 0],
    ["lamb", 0.1, 0],
    ["stop", 0, 0.95],
    ["stop", 0, 0.9],
    ["damp", 0.05, 0.7],
    ["tree", 0.02, 0.6],
  ]);

  it("makes one threshold right that was wrong for one word or another", () => {
    const before = figuresAt(uneven, near, chooseThreshold(uneven, near));
    expect(before.missed.wrong + before.near.wrong).toBeGreaterThan(0);
    const moved = shiftScores(uneven, wordShifts([uneven], uneven, near));
    const after = figuresAt(moved, near, 0.5);
    expect([after.missed.wrong, after.near.wrong, after.other.wrong]).toEqual([0, 0, 0]);
    expect(chooseThreshold(moved, near)).toBeCloseTo(0.5, 1);
  });

  it("lies halfway between strangers and known voices", () => {
    const known = shiftScores(uneven, [0, 0, 2, -1]);
    const [, , lamp, stop] = wordShifts([uneven], known, near);
    const [, , strangeLamp, strangeStop] = wordShifts([uneven], uneven, near);
    const [, , knownLamp, knownStop] = wordShifts([known], known, near);
    expect(knownLamp).toBeLessThan(strangeLamp);
    expect(lamp).toBeCloseTo((strangeLamp + knownLamp) / 2, 6);
    expect(stop).toBeCloseTo((strangeStop + knownStop) / 2, 6);
  });

  it("takes the mean of several strangers, each as much as another", () => {
    const [high, low] = [shiftScores(uneven, [0, 0, 1, 1]), shiftScores(uneven, [0, 0, -1, -1])];
    const of = (strange: OwnWordsScores[]): number[] => wordShifts(strange, uneven, near);
    const both = of([high, low, low]);
    for (const word of [2, 3]) expect(both[word]).toBeCloseTo((of([high])[word] + 2 * of([low])[word]) / 3, 6);
    expect(of([high])[2]).toBeLessThan(of([low])[2]);
  });

  it("moves what the model itself answers", async () => {
    const shifts = [0, 0, 1.5, ...Array.from({ length: 9 }, () => 0)];
    const model = randomModel("dnn_s", "arm");
    const audio = Float32Array.from({ length: 16_000 }, (_, i) => Math.sin(i * i * 1e-5));
    const score = async (one: Model): Promise<Float32Array> => {
      const spotter = await openModel(one, { name: "random", bytes: 0, target: "wasm" });
      const found = await spotter.scoreSounds(audio, 1);
      spotter.close();
      return found.slice(0, model.labels.length);
    };
    const clips = [clip("tree")];
    const wanted = shiftScores({ labels: model.labels, clips, probabilities: await score(model) }, shifts).probabilities;
    for (const [i, found] of (await score(shiftModel(model, shifts))).entries()) expect(found).toBeCloseTo(wanted[i], 5);
  });
});

describe("false accepts in long recordings", () => {
  /** Hears "stop" where the window holds a sample above 0.5. */
  const spotter = {
    labels,
    samples: 100,
    rate: 100,
    scoreSounds: (audio: Float32Array, count: number) =>
      Promise.resolve(
        Float32Array.from(
          Array.from({ length: count }, (_, i) =>
            audio.subarray(100 * i, 100 * (i + 1)).some((x) => x > 0.5) ? 0.9 : 0,
          ).flatMap((stop) => [0, 1 - stop, 0, stop]),
        ),
      ),
  } as unknown as Spotter;

  it("are counted once each, by the hour", async () => {
    const samples = new Float32Array(36_000);
    for (const at of [1000, 1020, 20_000]) samples[at] = 1;
    const quiet = { name: "quiet", samples: new Float32Array(50) };
    const found = await countFalseAccepts(spotter, [{ name: "loud", samples }, quiet], 0.5, 0.1);
    expect(found.found.map(({ seconds }) => seconds)).toEqual([9.1, 10.1, 199.1]);
    expect(found.hours).toBeCloseTo(360.5 / 3600, 9);
    expect(found.perHour).toBeCloseTo(3 / found.hours, 9);
    expect((await countFalseAccepts(spotter, [{ name: "loud", samples }], 0.95, 0.1)).count).toBe(0);
  });
});
