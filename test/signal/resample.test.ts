import { describe, expect, it } from "vitest";
import fc from "fast-check";
import libsamplerate from "@alexanderolsen/libsamplerate-js";
import { UserError } from "../../src/base/errors.js";
import { resample } from "../../src/signal/resample.js";

function tone(frequency: number, rate: number, count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.sin((2 * Math.PI * frequency * i) / rate));
}

/** Root mean square without the ends, where silence outside shows. */
function level(samples: Float32Array): number {
  const edge = samples.length >> 2;
  let sum = 0;
  for (let i = edge; i < samples.length - edge; i++) sum += samples[i] ** 2;
  return Math.sqrt(sum / (samples.length - 2 * edge));
}

const decibels = (ratio: number): number => 20 * Math.log10(ratio + 1e-12);

describe("resample", () => {
  it.each([
    [44_100, 16_000],
    [48_000, 16_000],
    [8000, 16_000],
    [22_050, 16_000],
    [16_000, 44_100],
    [17_321, 16_000],
    [16_000, 17_321],
    [96_000, 16_000],
  ])("%i to %i Hz passes tones up to 0.9 of the band, in place and phase", (from, to) => {
    const band = Math.min(from, to) / 2;
    for (const part of [0.05, 0.4, 0.89]) {
      const output = resample(tone(part * band, from, from / 2), from, to);
      expect(output.length).toBe(Math.round((Math.floor(from / 2) * to) / from));
      const expected = tone(part * band, to, output.length);
      const error = Float32Array.from(output, (x, i) => x - expected[i]);
      expect(decibels(level(error) / level(expected))).toBeLessThan(-80);
    }
  });

  it.each([
    [44_100, 16_000],
    [48_000, 16_000],
    [17_321, 16_000],
    [96_000, 8000],
  ])("%i to %i Hz removes what would alias by 80 dB", (from, to) => {
    for (const frequency of [to * 0.5, to * 0.55, to * 0.7, from * 0.47]) {
      if (frequency >= from / 2) continue;
      expect(decibels(level(resample(tone(frequency, from, from / 2), from, to)) * Math.SQRT2)).toBeLessThan(-80);
    }
  });

  it("agrees with libsamplerate's best converter in its pass band", async () => {
    const input = tone(1234, 44_100, 22_050).map((x, i) => 0.5 * x + 0.3 * Math.sin(i * 0.4));
    const converter = await libsamplerate.create(1, 44_100, 16_000, {
      converterType: libsamplerate.ConverterType.SRC_SINC_BEST_QUALITY,
    });
    const theirs = converter.simple(input);
    const ours = resample(input, 44_100, 16_000);
    let best = Number.POSITIVE_INFINITY;
    for (let shift = -2; shift <= 2; shift++) {
      let worst = 0;
      for (let i = 1000; i < 6000; i++) worst = Math.max(worst, Math.abs(ours[i] - theirs[i + shift]));
      best = Math.min(best, worst);
    }
    expect(best).toBeLessThan(2e-4);
  });

  it("keeps a constant, has the promised length, and gives the same bits twice", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1000, max: 96_000 }),
        fc.integer({ min: 1000, max: 96_000 }),
        fc.nat(400),
        (from, to, count) => {
          const output = resample(new Float32Array(count).fill(0.5), from, to);
          expect(output.length).toBe(Math.round((count * to) / from));
          expect(output).toEqual(resample(new Float32Array(count).fill(0.5), from, to));
          expect(output.every((x) => Number.isFinite(x) && Math.abs(x) < 0.8)).toBe(true);
        },
      ),
      { numRuns: 30 },
    );
    const long = resample(new Float32Array(8000).fill(0.5), 11_025, 16_000);
    for (let i = 4000; i < 7000; i++) expect(long[i]).toBeCloseTo(0.5, 6);
  });

  it("returns the samples themselves at equal rates and refuses impossible lengths", () => {
    const samples = new Float32Array([1, 2]);
    expect(resample(samples, 8000, 8000)).toBe(samples);
    expect(resample(new Float32Array(0), 8000, 16_000).length).toBe(0);
    expect(() => resample(new Float32Array(1000), 1, 768_000)).toThrow(UserError);
    expect(() => resample(new Float32Array(1000), 768_000, 1)).toThrow(UserError);
  });
});
