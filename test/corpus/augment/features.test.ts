import { describe, expect, it } from "vitest";
import { RandomStream } from "../../../src/base/random.js";
import { shiftFrames } from "../../../src/corpus/augment/frame_shift.js";
import { applyMasks } from "../../../src/corpus/augment/mask.js";
import { drawPowerNoise } from "../../../src/corpus/augment/power_noise.js";
import { drawSpecAugment } from "../../../src/corpus/augment/spec_augment.js";
import { drawSpecCutout } from "../../../src/corpus/augment/spec_cutout.js";

describe("masks", () => {
  it("have SpecAugment's sizes and places", () => {
    const options = { timeMasks: 1, timeMaskSize: 4, frequencyMasks: 1, frequencyMaskSize: 3 };
    const draws = Array.from({ length: 3000 }, (_, i) => drawSpecAugment(options, 10, 6, new RandomStream(1, i)));
    const times = draws.map(([time]) => [time.firstFrame, time.endFrame - time.firstFrame]);
    expect(new Set(times.map(([, size]) => size))).toEqual(new Set([0, 1, 2, 3]));
    for (const size of [0, 1, 2, 3]) {
      const starts = times.filter((each) => each[1] === size).map(([start]) => start);
      expect([Math.min(...starts), Math.max(...starts)]).toEqual([0, 10 - size - 1]);
    }
    expect(
      draws.every(
        ([time, frequency]) => time.endBin === 6 && frequency.endFrame === 10 && frequency.endBin - frequency.firstBin < 3,
      ),
    ).toBe(true);
    expect(
      drawSpecAugment(
        { timeMasks: 2, timeMaskSize: 0, frequencyMasks: 0, frequencyMaskSize: 0 },
        10,
        6,
        new RandomStream(1),
      ).every((mask) => mask.firstFrame === mask.endFrame),
    ).toBe(true);
  });

  it("have SpecCutout's sizes, cut off at the borders", () => {
    const draws = Array.from(
      { length: 2000 },
      (_, i) => drawSpecCutout({ masks: 1, timeMaskSize: 5, frequencyMaskSize: 4 }, 10, 6, new RandomStream(2, i))[0],
    );
    expect(new Set(draws.map((mask) => mask.endFrame - mask.firstFrame))).toEqual(new Set([2, 3, 4]));
    expect(new Set(draws.map((mask) => mask.endBin - mask.firstBin))).toEqual(new Set([2, 3, 4]));
    expect(new Set(draws.map((mask) => mask.endFrame))).toEqual(new Set([2, 3, 4, 5, 6, 7, 8, 9, 10]));
  });

  it("blank rectangles", () => {
    const features = new Float32Array(12).fill(1);
    applyMasks(features, 3, [{ firstFrame: 1, endFrame: 3, firstBin: 0, endBin: 2 }]);
    expect([...features]).toEqual([1, 1, 1, 0, 0, 1, 0, 0, 1, 1, 1, 1]);
    applyMasks(features, 3, [{ firstFrame: 3, endFrame: 9, firstBin: 2, endBin: 9 }], 5);
    expect([...features.subarray(9)]).toEqual([1, 1, 5]);
  });
});

describe("frame shift", () => {
  it("moves whole frames", () => {
    const features = Float32Array.of(1, 2, 3, 4, 5, 6);
    const out = new Float32Array(6);
    shiftFrames(features, 2, 1, out, 9);
    expect([...out]).toEqual([9, 9, 1, 2, 3, 4]);
    shiftFrames(features, 2, -2, features);
    expect([...features]).toEqual([5, 6, 0, 0, 0, 0]);
  });
});

describe("noise among arrays", () => {
  it("draws noise as often as asked", () => {
    const options = { frequency: 0.5, decibels: [-20, 0] } as const;
    const draws = Array.from({ length: 1000 }, (_, i) => drawPowerNoise(options, 7, 98, new RandomStream(4, i)));
    const heard = draws.filter((draw) => draw.noise >= 0);
    expect(Math.abs(heard.length / 1000 - 0.5)).toBeLessThan(0.06);
    expect([new Set(heard.map((draw) => draw.noise)).size, Math.max(...heard.map((draw) => draw.firstFrame)) <= 97]).toEqual([
      7,
      true,
    ]);
    expect(heard.every((draw) => draw.decibels >= -20 && draw.decibels < 0)).toBe(true);
    expect(drawPowerNoise(options, 0, 98, new RandomStream(1)).noise).toBe(-1);
  });
});
