import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { WindowFeatures } from "../../src/detect/window_features.js";
import { WindowRunner } from "../../src/detect/window_runner.js";
import { openSpotter, type Spotter } from "../../src/measure/spotter.js";

const hop = 320;

describe.each(["svdf", "ds_cnn_s"])("windows of %s", (name) => {
  let spotter: Spotter;
  const random = new RandomStream(3);
  const sound = Float32Array.from({ length: 22_000 }, () => random.normal() * 0.05);
  beforeAll(async () => {
    spotter = await openSpotter(name, { group: 8, target: "wasm" });
  });
  afterAll(() => spotter.close());

  it("are scored as the clip model scores them one by one, whatever the blocks", async () => {
    const runs = [];
    for (const size of [22_000, 1777]) {
      const runner = await WindowRunner.open(spotter, { hop: 0.02, group: 8, target: "wasm" });
      const found = [];
      for (let at = 0; at < sound.length; at += size) found.push(...(await runner.push(sound.subarray(at, at + size))));
      runner.close();
      runs.push(found);
    }
    const [whole, blocks] = runs;
    expect(blocks).toEqual(whole);
    expect(whole).toHaveLength(Math.floor(sound.length / hop));
    for (const i of [0, 10, 49, 50, 67]) {
      // Window i ends at sample (i + 1) * hop; before the sound there is silence.
      const clip = new Float32Array(16_000);
      const end = (i + 1) * hop;
      clip.set(sound.subarray(Math.max(0, end - 16_000), end), Math.max(0, 16_000 - end));
      const alone = await spotter.scoreSounds(clip, 1);
      expect(whole[i].time).toBeCloseTo(end / 16_000, 9);
      whole[i].scores.forEach((score, label) => expect(score).toBeCloseTo(alone[label], 5));
    }
  });

  it("may lie farther apart than they are long", async () => {
    const step = 20_000;
    const long = Float32Array.from({ length: 3 * step + 5000 }, () => random.normal() * 0.05);
    for (const [size, group] of [
      [long.length, 8],
      [1777, 1],
    ] as const) {
      const runner = await WindowRunner.open(spotter, { hop: step / 16_000, group, target: "wasm" });
      const found = [];
      for (let at = 0; at < long.length; at += size) found.push(...(await runner.push(long.subarray(at, at + size))));
      runner.close();
      expect(found.map(({ time }) => time)).toEqual([1.25, 2.5, 3.75]);
      for (const [i, { scores }] of found.entries()) {
        const end = (i + 1) * step;
        const alone = await spotter.scoreSounds(long.slice(end - 16_000, end), 1);
        scores.forEach((score, label) => expect(score).toBeCloseTo(alone[label], 5));
      }
    }
  });

  it("share their frames", async () => {
    const shape = { samples: spotter.samples, rate: spotter.rate, hop };
    const features = await WindowFeatures.open(spotter.frontendDescription, shape, 8, "wasm");
    expect(features?.span).toBe(16_000 + 7 * hop);
    features?.close();
    // Half a frame further, a window has other frames.
    expect(await WindowFeatures.open(spotter.frontendDescription, { ...shape, hop: 80 }, 8, "wasm")).toBeUndefined();
  });
});
