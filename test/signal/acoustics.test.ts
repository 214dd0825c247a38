import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { RandomStream } from "../../src/base/random.js";
import { applyBiquad, makeBiquad } from "../../src/signal/biquad.js";
import { Convolver } from "../../src/signal/convolve.js";
import { fft } from "../../src/signal/fft.js";
import { warpFormants, warpTable } from "../../src/signal/formant.js";
import { randomMicrophone, record } from "../../src/signal/microphone.js";
import { makeNoise, noiseKinds } from "../../src/signal/noise.js";
import { randomRoom, roomResponse } from "../../src/signal/room.js";

const rate = 16_000;

function power(samples: ArrayLike<number>, from = 0, to = samples.length): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += samples[i] ** 2;
  return sum / (to - from);
}

/** Power of a tone's frequency in the signal (Goertzel). */
function powerAt(samples: Float32Array, frequency: number): number {
  let re = 0;
  let im = 0;
  for (let i = 0; i < samples.length; i++) {
    re += samples[i] * Math.cos((2 * Math.PI * frequency * i) / rate);
    im += samples[i] * Math.sin((2 * Math.PI * frequency * i) / rate);
  }
  return (re * re + im * im) / samples.length ** 2;
}

const tone = (frequency: number, count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin((2 * Math.PI * frequency * i) / rate));

describe("fft and Convolver", () => {
  it("agree with the definitions", () => {
    const vector = fc.float32Array({ minLength: 1, maxLength: 60, noNaN: true, min: -1, max: 1 });
    fc.assert(
      fc.property(vector, vector, (signal, response) => {
        const output = new Convolver(response).apply(signal);
        expect(output.length).toBe(signal.length + response.length - 1);
        for (let i = 0; i < output.length; i++) {
          let expected = 0;
          for (let k = 0; k < response.length; k++) expected += response[k] * (signal[i - k] ?? 0);
          expect(Math.abs(output[i] - expected)).toBeLessThan(1e-5);
        }
      }),
      { numRuns: 50 },
    );
    const real = Float64Array.from({ length: 16 }, (_, i) => Math.sin(i * i));
    const imaginary = Float64Array.from({ length: 16 }, (_, i) => Math.cos(3 * i));
    const [x, y] = [real.slice(), imaginary.slice()];
    fft(real, imaginary);
    for (let k = 0; k < 16; k++) {
      let re = 0;
      for (let i = 0; i < 16; i++)
        re += x[i] * Math.cos((2 * Math.PI * i * k) / 16) + y[i] * Math.sin((2 * Math.PI * i * k) / 16);
      expect(real[k]).toBeCloseTo(re, 10);
    }
  });
});

describe("makeBiquad", () => {
  it.each([
    ["lowpass", 1000, 0, 100, 0],
    ["lowpass", 1000, 0, 1000, -3.01],
    ["highpass", 1000, 0, 6000, 0],
    ["highpass", 1000, 0, 1000, -3.01],
    ["peak", 2000, 6, 2000, 6],
    ["peak", 2000, 6, 100, 0],
    ["lowshelf", 1000, -9, 30, -9],
    ["highshelf", 1000, 6, 7500, 6],
    ["highshelf", 1000, 6, 30, 0],
  ] as const)("%s at %i Hz of %i dB changes %i Hz by %d dB", (kind, corner, gain, frequency, expected) => {
    const samples = tone(frequency, 32_000);
    applyBiquad(samples, makeBiquad(kind, corner, rate, Math.SQRT1_2, gain));
    const change = 10 * Math.log10(power(samples, 8000) / power(tone(frequency, 32_000), 8000));
    expect(Math.abs(change - expected)).toBeLessThan(0.25);
  });
});

describe("rooms", () => {
  it("start with the direct sound and decay as their reverberation time says", () => {
    for (let seed = 0; seed < 30; seed++) {
      const room = randomRoom(new RandomStream(seed));
      room.source.forEach((x, axis) => expect(x > 0 && x < room.size[axis]).toBe(true));
      const response = roomResponse(room, new RandomStream(seed, 1), rate);
      expect(response[0]).toBeGreaterThan(0.9);
      expect(response).toEqual(roomResponse(room, new RandomStream(seed, 1), rate));
      const half = response.length >> 1;
      if (room.reverberation < 0.1) continue;
      const fall = 10 * Math.log10(power(response, half - 800, half) / power(response, response.length - 800));
      const expected = (60 * (response.length - half)) / rate / room.reverberation;
      expect(Math.abs(fall - expected)).toBeLessThan(5);
    }
  });
});

describe("microphones", () => {
  it("record finite, repeatable sound and cut low tones", () => {
    for (let seed = 0; seed < 30; seed++) {
      const microphone = randomMicrophone(new RandomStream(seed), rate);
      const [a, b] = [tone(440, 8000), tone(440, 8000)];
      record(a, microphone, new RandomStream(seed, 1), rate);
      record(b, microphone, new RandomStream(seed, 1), rate);
      expect(a).toEqual(b);
      expect(a.every(Number.isFinite)).toBe(true);
      const rumble = tone(8, 16_000);
      record(rumble, { ...microphone, hum: 0, noise: 0, drive: 0 }, new RandomStream(1), rate);
      expect(power(rumble, 8000)).toBeLessThan(0.1);
    }
  });
});

/** Mean change of power, dB an octave, from 250 to 4000 Hz. */
function slope(kind: "white" | "pink" | "brown"): number {
  const noise = makeNoise(kind, 8 * rate, rate, 1);
  const octave = (low: number): number => {
    let sum = 0;
    for (let n = 0; n < 100; n++) sum += powerAt(noise.subarray(0, 40_000), low * (1 + n / 100));
    return sum;
  };
  return (10 * Math.log10(octave(2000) / octave(250))) / 3;
}

describe("makeNoise", () => {
  it.each(noiseKinds)("%s is level, repeatable and differs by seed", (kind) => {
    const noise = makeNoise(kind, 3 * rate, rate, 5);
    expect(noise).toEqual(makeNoise(kind, 3 * rate, rate, 5));
    expect(noise).not.toEqual(makeNoise(kind, 3 * rate, rate, 6));
    expect(Math.sqrt(power(noise))).toBeGreaterThan(0.04);
    expect(noise.every((x) => Math.abs(x) < 0.96)).toBe(true);
  });

  it("has the slopes that its colours promise", () => {
    expect(Math.abs(slope("white"))).toBeLessThan(1.2);
    expect(Math.abs(slope("pink") + 3)).toBeLessThan(1.2);
    expect(Math.abs(slope("brown") + 6)).toBeLessThan(1.2);
  });
});

/** Pulses at 125 Hz through a resonance. */
function vowel(formant: number): Float32Array {
  const samples = Float32Array.from({ length: 16_000 }, (_, i) => (i % 128 === 0 ? 1 : 0));
  applyBiquad(samples, makeBiquad("peak", formant, rate, 2, 24));
  return samples;
}

describe("warpFormants", () => {
  const harmonics = Array.from({ length: 48 }, (_, n) => 125 * (n + 1));
  const loudest = (samples: Float32Array): number =>
    harmonics.reduce((best, f) => (powerAt(samples, f) > powerAt(samples, best) ? f : best), 125);

  it("moves a resonance and leaves the pitch", () => {
    for (const factor of [0.8, 1.25]) {
      const warped = warpFormants(vowel(1500), warpTable([factor, factor, factor, factor, factor], rate));
      expect(Math.abs(loudest(warped) / (1500 * factor) - 1)).toBeLessThan(0.09);
      expect(powerAt(warped, 1437.5)).toBeLessThan(powerAt(warped, 1500) / 30);
    }
  });

  it("glides from one warp to another", () => {
    const flat = [1, 1, 1, 1, 1];
    const warped = warpFormants(vowel(1500), warpTable(flat, rate), warpTable([1.3, 1.3, 1.3, 1.3, 1.3], rate));
    expect(loudest(warped.subarray(0, 2048))).toBe(1500);
    expect(loudest(warped.subarray(13_900))).toBeGreaterThan(1700);
  });

  it("changes nothing where nothing moves", () => {
    const before = vowel(1500);
    const after = warpFormants(before, warpTable([1, 1, 1, 1, 1], rate));
    for (let i = 0; i < before.length; i++) expect(Math.abs(after[i] - before[i])).toBeLessThan(1e-4);
  });

  it("keeps formants in order for any factors", () => {
    const factor = fc.double({ min: 0.5, max: 2, noNaN: true });
    fc.assert(
      fc.property(fc.tuple(factor, factor, factor, factor, factor), (factors) => {
        const table = warpTable(factors, rate);
        for (let k = 1; k < table.length; k++) expect(table[k]).toBeGreaterThan(table[k - 1]);
      }),
    );
  });
});
