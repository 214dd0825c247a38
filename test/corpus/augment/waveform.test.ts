import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RandomStream } from "../../../src/base/random.js";
import { drawNoise } from "../../../src/corpus/augment/background_noise.js";
import { drawRoom, Reverberator } from "../../../src/corpus/augment/reverberation.js";
import { changeSpeed, drawSpeed } from "../../../src/corpus/augment/speed.js";
import { drawShift } from "../../../src/corpus/augment/time_shift.js";
import { drawGain } from "../../../src/corpus/augment/volume.js";
import { drawWaveform, SpeedAndRoom } from "../../../src/corpus/augment/waveform.js";
import { tone } from "../folders.js";

describe("time shift", () => {
  it("draws from [-s, s), as the originals", () => {
    const shifts = Array.from({ length: 400 }, (_, i) => drawShift(3, new RandomStream(1, i)));
    expect([...new Set(shifts)].toSorted((a, b) => a - b)).toEqual([-3, -2, -1, 0, 1, 2]);
    expect(drawShift(0, new RandomStream(1))).toBe(0);
  });
});

describe("volume and noise", () => {
  it("draws no gain where there is no range", () => {
    expect(drawGain(0, new RandomStream(1))).toBe(1);
    const gains = Array.from({ length: 200 }, (_, i) => drawGain(0.2, new RandomStream(4, i)));
    expect(Math.min(...gains)).toBeLessThan(0.85);
    expect(Math.max(...gains)).toBeLessThan(1.2);
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

  it("draws every stage from the stream alone, and none where it is not wanted", () => {
    const draw = (slot: number) => drawWaveform(options, noise, 16000, new RandomStream(1, 2, slot));
    expect(draw(0)).toEqual(draw(0));
    expect(draw(1)).not.toEqual(draw(0));
    const drawn = Array.from({ length: 300 }, (_, slot) => draw(slot));
    expect(drawn.every(({ factor }) => factor >= 0.85 && factor < 1.15)).toBe(true);
    expect(Math.abs(drawn.filter(({ room }) => room !== undefined).length / 300 - 0.5)).toBeLessThan(0.1);
    expect(Math.abs(drawn.filter((choice) => choice.noise.volume === 0).length / 300 - 0.2)).toBeLessThan(0.08);
    const still = { factor: 1, speed: undefined, room: undefined, gain: 1, shift: 0 };
    expect(drawWaveform({}, noise, 16000, new RandomStream(1))).toEqual({
      ...still,
      noise: { recording: -1, offset: 0, volume: 0 },
    });
  });

  it("changes speed and room in place, the same whatever was heard before", () => {
    const stage = new SpeedAndRoom(16000);
    const choice = drawWaveform({ ...options, reverberation: { probability: 1 } }, noise, 16000, new RandomStream(3));
    const run = () => {
      const samples = tone(16000, 440, 0.6);
      stage.apply(samples, choice);
      return samples;
    };
    const first = run();
    stage.apply(tone(16000, 90, 0.6), { speed: 0.9, room: choice.room });
    expect(run()).toEqual(first);
    expect(first).not.toEqual(tone(16000, 440, 0.6));
    const silent = new Float32Array(16000);
    stage.apply(silent, choice);
    expect(silent.every((value) => value === 0)).toBe(true);
  });
});
