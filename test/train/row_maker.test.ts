import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { buildFrontend } from "../../src/frontend/frontend.js";
import { frontendPreset } from "../../src/frontend/presets.js";
import { RowMaker, type RowPlan } from "../../src/train/row_maker.js";
import { clipShape } from "../../src/train/row_shape.js";
import { relativeDifference, runGraph } from "../passes/run_graph.js";

const rate = 16_000;
const plan: RowPlan = { frontend: frontendPreset("ell"), rate, window: 98, shift: 98, seed: 0, target: "wasm" };
const makers: RowMaker[] = [];
afterAll(() => makers.forEach((maker) => maker.close()));
const open = async (changes: Partial<RowPlan> = {}): Promise<RowMaker> => {
  const maker = await RowMaker.open({ ...plan, ...changes });
  makers.push(maker);
  return maker;
};

function sound(samples: number, key: number): Float32Array {
  const random = new RandomStream(key);
  return Float32Array.from({ length: samples }, (_, i) => 0.3 * Math.sin(i * (0.02 + i * 1e-6)) + 0.01 * random.normal());
}

async function featuresOf(frontend: RowPlan["frontend"], samples: Float32Array): Promise<Float32Array> {
  const graph = buildFrontend(frontend, { samples: samples.length, rate });
  return (await runGraph(graph, { audio: samples })).get("features") as Float32Array;
}

let whole: RowMaker;
beforeAll(async () => {
  whole = await open();
});

describe("rows of recordings", () => {
  test("a second is the row that the front end makes of it, whatever its neighbours", async () => {
    const clips = [1, 2, 3].map((key) => ({ place: key, samples: sound(16_000, key) }));
    const rows = whole.make(clips);
    for (const [i, { samples }] of clips.entries()) {
      expect(rows[i]).toHaveLength(98 * 32);
      expect(relativeDifference(rows[i] as Float32Array, await featuresOf(plan.frontend, samples))).toBeLessThan(2e-5);
    }
    expect(clipShape(plan.frontend, 98, rate)).toEqual({ samples: 16_000, rate });
  });

  test("overlapping rows of a long recording hear the sound before them", async () => {
    const maker = await open({ window: 20, shift: 7 });
    const samples = sound(11_200, 5);
    const all = await featuresOf(plan.frontend, samples);
    const [rows] = maker.make([{ place: 0, samples }]) as [Float32Array];
    // 68 frames: rows at 0, 7, ... 42, and the rest of 19 frames filled up.
    expect(rows).toHaveLength(8 * 20 * 32);
    for (let k = 0; k < 7; k++) {
      const row = rows.subarray(k * 640, (k + 1) * 640);
      expect(relativeDifference(row, all.subarray(k * 7 * 32, (k * 7 + 20) * 32))).toBeLessThan(2e-5);
    }
    const rest = rows.subarray(7 * 640);
    expect(relativeDifference(rest.subarray(0, 608), all.subarray(49 * 32, 68 * 32))).toBeLessThan(2e-5);
    const [last, filled] = [rest.subarray(576, 608), rest.subarray(608)];
    const mean = last.reduce((sum, x) => sum + x, 0) / 32;
    const deviation = Math.sqrt(last.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 32);
    const noise = Math.sqrt(filled.reduce((sum, x, i) => sum + (x - (last[i] as number)) ** 2, 0) / 32);
    expect(noise / (deviation / 2)).toBeGreaterThan(0.6);
    expect(noise / (deviation / 2)).toBeLessThan(1.5);
  });

  test("a rest of no more than a quarter row is left out, unless there is nothing else", async () => {
    const lengths = [16_000 + 24 * 160, 16_000 + 25 * 160, 3_000, 300].map((n, i) => ({ place: i, samples: sound(n, i) }));
    expect(whole.make(lengths).map((rows) => rows.length / (98 * 32))).toEqual([1, 2, 1, 0]);
  });

  test("noise goes into every n-th recording, goes on from one to the next, and fills up their ends", async () => {
    const noise = { samples: sound(50_000, 9), ratio: 0.5, selection: 0.5 };
    const maker = await open({ noise });
    const clips = [0, 1, 2, 3].map((place) => ({ place, samples: sound(place === 3 ? 15_000 : 16_000, place) }));
    const rows = maker.make(clips);
    const clean = whole.make(clips);
    expect(rows[0]).toEqual(clean[0]);
    expect(rows[2]).toEqual(clean[2]);
    for (const [nth, place] of [1, 3].entries()) {
      const { samples } = clips[place] as { samples: Float32Array };
      const mixed = new Float32Array(16_000);
      mixed.set(samples);
      for (let i = 0; i < 16_000; i++)
        mixed[i] = Math.max(
          -1,
          Math.min(32767 / 32768, (mixed[i] as number) + 0.5 * (noise.samples[nth * 16_000 + i] as number)),
        );
      expect(relativeDifference(rows[place] as Float32Array, await featuresOf(plan.frontend, mixed))).toBeLessThan(2e-5);
    }
    expect(maker.make(clips.slice(1, 2))[0]).toEqual(rows[1]);
  });

  test("other front ends hear a row alone", async () => {
    const frontend = frontendPreset("arm");
    const maker = await open({ frontend, window: 49, shift: 20 });
    const samples = sound(20_000, 4);
    const [rows] = maker.make([{ place: 0, samples }]) as [Float32Array];
    const first = await featuresOf(frontend, samples.subarray(0, 16_000));
    expect(relativeDifference(rows.subarray(0, 490), first)).toBeLessThan(1e-5);
    expect(rows).toHaveLength(2 * 490);
  });

  test("values that are no numbers are left out", async () => {
    const bad = sound(16_000, 1);
    bad[8_000] = Number.NaN;
    expect(whole.make([{ place: 0, samples: bad }])[0]).toHaveLength(0);
  });
});
