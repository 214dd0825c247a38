import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RandomStream } from "../../../src/base/random.js";
import { drawNoise, mixNoise } from "../../../src/corpus/augment/background_noise.js";
import { resampleLinear, resampleRandomly } from "../../../src/corpus/augment/resample.js";
import { drawRoom, Reverberator } from "../../../src/corpus/augment/reverberation.js";
import { changeSpeed, drawSpeed } from "../../../src/corpus/augment/speed.js";
import { shiftSamples, timeShift } from "../../../src/corpus/augment/time_shift.js";
import { drawGain, scaleSamples } from "../../../src/corpus/augment/volume.js";
import { WaveformAugmenter } from "../../../src/corpus/augment/waveform.js";
import { tone } from "../folders.js";
import golden from "./resample_tensorflow.json" with { type: "json" };

const ramp = (length: number) => Float32Array.from({ length }, (_, i) => i + 1);

describe("time shift", () => {
  it("delays and advances, in place or not", () => {
    for (const [shift, expected] of [
      [2, [0, 0, 1, 2, 3]],
      [-2, [3, 4, 5, 0, 0]],
      [0, [1, 2, 3, 4, 5]],
      [9, [0, 0, 0, 0, 0]],
      [-9, [0, 0, 0, 0, 0]],
    ] as const) {
      const out = new Float32Array(5).fill(7);
      shiftSamples(ramp(5), shift, out);
      const same = ramp(5);
      shiftSamples(same, shift, same);
      expect([[...out], [...same]]).toEqual([expected, expected]);
    }
  });

  it("draws from [-s, s), as the originals", () => {
    const shifts = Array.from({ length: 400 }, (_, i) => timeShift(ramp(9), 3, new RandomStream(1, i), new Float32Array(9)));
    expect([...new Set(shifts)].toSorted((a, b) => a - b)).toEqual([-3, -2, -1, 0, 1, 2]);
    expect(timeShift(ramp(9), 0, new RandomStream(1), new Float32Array(9))).toBe(0);
  });
});

describe("resample", () => {
  const input = Float32Array.from(golden.input, (value) => value / 32768);

  it.each(golden.cases)(`agrees with TensorFlow ${golden.tensorflow} at factor $factor`, ({ factor, legacy, halfPixel }) => {
    const out = new Float32Array(input.length).fill(9);
    resampleLinear(input, factor, out);
    expect([...out]).toEqual(legacy.map(Math.fround));
    resampleLinear(input, factor, out, "half-pixel");
    expect([...out]).toEqual(halfPixel.map(Math.fround));
  });

  it("never reads outside and keeps the length, at any factor", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 90 }),
        fc.double({ min: 0.02, max: 4, noNaN: true }),
        fc.boolean(),
        (length, factor, legacy) => {
          const out = new Float32Array(50).fill(NaN);
          resampleLinear(new Float32Array(length).fill(0.5), factor, out, legacy ? "legacy" : "half-pixel");
          expect([...out].every((value) => value === 0 || value === 0.5)).toBe(true);
          expect(out.filter((value) => value === 0.5).length).toBe(
            Math.min(50, Math.trunc(Math.fround(length * Math.fround(factor)))),
          );
        },
      ),
    );
  });

  it("draws its factor from 1 +- range", () => {
    const factors = Array.from({ length: 200 }, (_, i) =>
      resampleRandomly(input, 0.15, new RandomStream(2, i), new Float32Array(input.length)),
    );
    expect(Math.min(...factors)).toBeGreaterThanOrEqual(0.85);
    expect(Math.max(...factors)).toBeLessThan(1.15);
    expect(Math.max(...factors) - Math.min(...factors)).toBeGreaterThan(0.25);
  });
});

describe("volume and noise", () => {
  it("scales", () => {
    const out = new Float32Array(3);
    scaleSamples(ramp(3), 0.5, out);
    expect([...out]).toEqual([0.5, 1, 1.5]);
    scaleSamples(ramp(3), 1, out);
    expect([...out]).toEqual([1, 2, 3]);
    expect(drawGain(0, new RandomStream(1))).toBe(1);
  });

  it("adds noise from its place and limits the sum", () => {
    const out = new Float32Array(3);
    mixNoise(Float32Array.of(0, 0.5, -1.5), Float32Array.of(9, 1, 2, 1), 1, 0.5, out);
    expect([...out]).toEqual([0.5, 1, -1]);
    mixNoise(Float32Array.of(0, 0.5, -1.5), Float32Array.of(9, 1, 2, 1), 1, 0, out);
    expect([...out]).toEqual([0, 0.5, -1]);
  });

  it("draws recordings, places and volumes as often and as loud as asked", () => {
    const recordings = [new Float32Array(30), new Float32Array(25)];
    const draws = Array.from({ length: 4000 }, (_, i) =>
      drawNoise(recordings, 20, { frequency: 0.8, volume: 0.1 }, new RandomStream(3, i)),
    );
    const heard = draws.filter((draw) => draw.volume > 0);
    expect(Math.abs(heard.length / draws.length - 0.8)).toBeLessThan(0.03);
    expect(Math.max(...heard.map((draw) => draw.volume))).toBeLessThan(0.1);
    expect(Math.abs(heard.reduce((sum, draw) => sum + draw.volume, 0) / heard.length - 0.05)).toBeLessThan(0.003);
    const offsets = (recording: number) =>
      new Set(draws.filter((draw) => draw.recording === recording).map((draw) => draw.offset));
    expect([[...offsets(0)].length, Math.max(...offsets(0)), Math.max(...offsets(1))]).toEqual([10, 9, 4]);
    expect(drawNoise([], 20, { frequency: 1, volume: 1 }, new RandomStream(1)).volume).toBe(0);
    expect(() => drawNoise([new Float32Array(20)], 20, { frequency: 1, volume: 1 }, new RandomStream(1))).toThrow(
      /must be longer than a clip/,
    );
  });
});

/** Frequency of a tone by its zero crossings, in Hz at 16 kHz. */
function frequencyOf(samples: Float32Array): number {
  let crossings = 0;
  for (let i = 1; i < samples.length; i++) if (samples[i - 1] < 0 !== samples[i] < 0) crossings++;
  return (crossings * 16000) / (2 * samples.length);
}

describe("speed", () => {
  it("raises the pitch by its factor and keeps the level", () => {
    for (const factor of [0.8, 0.9, 1.1, 1.25]) {
      const out = new Float32Array(16000);
      changeSpeed(
        Float32Array.from({ length: 16000 }, (_, i) => Math.sin((2 * Math.PI * 1000 * i) / 16000)),
        factor,
        out,
      );
      const middle = out.subarray(4000, 12000);
      expect(Math.abs(frequencyOf(middle) - 1000 * factor)).toBeLessThan(3);
      expect(Math.abs(Math.sqrt(middle.reduce((sum, value) => sum + value * value, 0) / 8000) - Math.SQRT1_2)).toBeLessThan(
        0.002,
      );
    }
  });

  it("removes what would pass the Nyquist frequency", () => {
    const out = new Float32Array(16000);
    changeSpeed(
      Float32Array.from({ length: 16000 }, (_, i) => Math.sin((2 * Math.PI * 7700 * i) / 16000)),
      1.25,
      out,
    );
    expect(Math.max(...out.subarray(4000, 12000))).toBeLessThan(0.05);
  });

  it("is exact at factor 1 and never leaves the clip", () => {
    const samples = tone(500, 300);
    const out = new Float32Array(500);
    changeSpeed(samples, 1, out);
    expect(out).toEqual(samples);
    fc.assert(
      fc.property(fc.double({ min: 0.25, max: 4, noNaN: true }), fc.integer({ min: 1, max: 60 }), (factor, length) => {
        const result = new Float32Array(length).fill(NaN);
        changeSpeed(new Float32Array(length).fill(1), factor, result);
        expect(result.every((value) => Number.isFinite(value) && Math.abs(value) < 1.5)).toBe(true);
      }),
    );
    expect(new Set(Array.from({ length: 60 }, (_, i) => drawSpeed({ factors: [0.9, 1, 1.1] }, new RandomStream(i)))).size).toBe(
      3,
    );
  });
});

describe("reverberation", () => {
  const options = { probability: 1, decaySeconds: [0.5, 0.5], wetDecibels: [-3, -3] } as const;

  it("leaves the direct sound in place, keeps the power, and decays by 60 dB in its time", () => {
    const click = new Float32Array(16000);
    click[100] = 1;
    const room = drawRoom(options, new RandomStream(5));
    if (room === undefined) throw new Error("a room was asked for");
    const out = new Float32Array(16000);
    new Reverberator().apply(click, { ...room, damping: 0 }, out);
    expect(out.subarray(0, 100).every((value) => value === 0)).toBe(true);
    expect(out[100]).toBeGreaterThan(0.5);
    const energy = (from: number, to: number) => out.subarray(from, to).reduce((sum, value) => sum + value * value, 0);
    expect(energy(0, 16000)).toBeCloseTo(1, 3);
    expect(energy(101, 16000) / out[100] ** 2).toBeCloseTo(10 ** -0.3, 2);
    // 0.25 s later: 30 dB less.
    const fall = 10 * Math.log10(energy(2000, 4000) / energy(6000, 8000));
    expect(Math.abs(fall - 30)).toBeLessThan(4);
  });

  it("is the same whatever was heard before, and leaves silence silent", () => {
    const room = drawRoom({ ...options, decaySeconds: [0.8, 0.8] }, new RandomStream(6));
    if (room === undefined) throw new Error("a room was asked for");
    const reverberator = new Reverberator();
    const run = () => {
      const samples = tone(4000, 500);
      reverberator.apply(samples, room, samples);
      return samples;
    };
    const first = run();
    expect(run()).toEqual(first);
    const silent = new Float32Array(4000);
    reverberator.apply(silent, room, silent);
    expect(silent.every((value) => value === 0)).toBe(true);
    expect(drawRoom({ probability: 0 }, new RandomStream(1))).toBeUndefined();
  });
});

describe("all together", () => {
  const noise = [tone(40000, 120, 0.9)];
  const options = {
    resample: 0.15,
    speed: { range: 0.1 },
    reverberation: { probability: 0.5 },
    volume: 0.2,
    timeShift: 1600,
    noise: { frequency: 0.8, volume: 0.1 },
  };

  it("depends on the stream alone and stays in range", () => {
    const augmenter = new WaveformAugmenter(options, noise);
    const run = (slot: number) => {
      const samples = tone(16000, 440, 1.6);
      augmenter.apply(samples, new RandomStream(1, 2, slot));
      return samples;
    };
    const [first, second] = [run(0), run(1)];
    expect(Buffer.compare(Buffer.from(run(0).buffer), Buffer.from(first.buffer))).toBe(0);
    expect(Buffer.compare(Buffer.from(second.buffer), Buffer.from(first.buffer))).not.toBe(0);
    expect(first.every((value) => Math.abs(value) <= 1)).toBe(true);
  });

  it("leaves silence with noise alone, and a fifth of it digital silence", () => {
    const augmenter = new WaveformAugmenter(options, noise);
    const levels = Array.from({ length: 200 }, (_, slot) => {
      const samples = new Float32Array(2000);
      augmenter.apply(samples, new RandomStream(9, slot));
      return samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    });
    const zeros = levels.filter((level) => level === 0).length;
    expect(Math.abs(zeros / 200 - 0.2)).toBeLessThan(0.1);
    expect(Math.max(...levels)).toBeLessThan(0.1);
  });
});
