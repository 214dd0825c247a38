import { describe, expect, it } from "vitest";
import { buildFrontend, describeFrontend, featureShape, oneSecond } from "../../src/frontend/frontend.js";
import { frontendPreset } from "../../src/frontend/presets.js";
import { tableValues } from "../../src/graph/ops/table.js";
import { runGraph, targets } from "./run.js";

/** Sum of two tones in steps of 16 bits. */
function tones(first: number, second: number, round = false): Float32Array {
  return Float32Array.from({ length: 16_000 }, (_, n) => {
    const x = first * Math.sin((2 * Math.PI * 440 * n) / 16_000) + second * Math.sin((2 * Math.PI * 2500 * n) / 16_000);
    return round ? Math.round(x) / 32_768 : x;
  });
}

/** Row 50 of ELL's featurizer on round(8000 sin + 4000 sin), recomputed in double precision by others. */
const row50 = [
  12.69052, 13.22966, 13.28865, 13.9745, 15.16742, 18.21304, 18.3625, 15.18109, 13.79673, 13.26317, 13.03471, 13.03266, 12.97866,
  13.246, 13.44127, 13.70376, 14.41092, 15.15658, 17.51964, 20.97733, 17.28338, 14.85795, 13.98005, 13.34474, 12.924, 12.54952,
  12.26851, 12.06607, 11.88851, 11.70862, 11.65811, 11.66453,
];

describe.each(targets)("on %s", (target) => {
  it("ELL's featurizer with the options of the published command gives 98 frames of 32 and the values recomputed for them", async () => {
    const graph = buildFrontend(frontendPreset("ell"), oneSecond);
    const found = await runGraph(graph, tones(8000, 4000, true), target);
    expect(found).toHaveLength(98 * 32);
    row50.forEach((value, i) => expect(found[50 * 32 + i]).toBeCloseTo(value, 2));
    [10.08986, 10.92896, 11.805, 12.7495].forEach((value, i) => expect(found[i]).toBeCloseTo(value, 2));
    const silence = await runGraph(graph, new Float32Array(16_000), target);
    for (const value of silence) expect(value).toBeCloseTo(-36.04365, 4);
  });

  it("librosa's mel spectrogram in decibels", async () => {
    const graph = buildFrontend(frontendPreset("speechrec"), oneSecond);
    const found = await runGraph(graph, tones(0.5, 0.25), target);
    expect(found).toHaveLength(32 * 40);
    const at = (frame: number, band: number): number => found[frame * 40 + band] as number;
    const middle = new Map([
      [3, -74.7369],
      [4, -13.7967],
      [5, 0],
      [6, -16.7386],
      [7, -75.4917],
      [24, -14.35],
      [25, -11.7801],
    ]);
    for (let band = 0; band < 40; band++) expect(at(16, band)).toBeCloseTo(middle.get(band) ?? -80, 2);
    const first = [-23.7485, -22.9731, -21.4894, -18.6797, -8.9555, -0.9368, -10.4775, -22.4106];
    first.forEach((value, band) => expect(at(0, band)).toBeCloseTo(value, 2));
    expect([...(await runGraph(graph, new Float32Array(16_000), target))].every((value) => value === 0)).toBe(true);
  });
});

describe("the banks", () => {
  it("ELL's corners are whole bins", () => {
    const bank = tableValues({ kind: "mel_bins", bins: 257, points: 512, rate: 16_000, bands: 32 });
    const at = (bin: number, band: number): number => bank[bin * 32 + band] as number;
    expect([0, 1, 2, 3].map((bin) => at(bin, 0))).toEqual([0, 1, 0.5, 0]);
    expect(at(235, 31)).toBe(1);
    for (const bin of [216, 256]) expect(at(bin, 31)).toBe(0);
    expect(at(255, 31)).toBeCloseTo(1 / 21, 9);
  });

  it("librosa's bands have an area of 1", () => {
    const bank = tableValues({ kind: "mel_slaney", bins: 1025, points: 2048, rate: 16_000, lower: 0, upper: 8000, bands: 40 });
    expect(bank.reduce((a, b) => a + b)).toBeCloseTo(5.1198, 4);
    expect(Math.max(...Array.from({ length: 1025 }, (_, bin) => bank[bin * 40] as number))).toBeCloseTo(0.01299, 5);
  });
});

describe("options", () => {
  it("of ELL that do not fit are named", () => {
    const build = (options: object) => buildFrontend(describeFrontend({ kind: "ell", ...options }), oneSecond);
    expect(() => build({ nfft: 256 })).toThrow(/option nfft: 256 is no power of two from 512/);
    expect(() => build({ log: true, logDelta: 0 })).toThrow(/option logDelta/);
    expect(() => build({ inputBufferSize: 600 })).toThrow(/option inputBufferSize/);
    expect(
      featureShape(describeFrontend({ kind: "ell", filterbankType: "none", hammingWindow: true, dct: true }), oneSecond),
    ).toEqual({
      frames: 97,
      features: 257,
    });
  });

  it("of librosa that do not fit are named", () => {
    const build = (options: object) =>
      buildFrontend(describeFrontend({ kind: "librosa_mel", ...options }), { samples: 1000, rate: 16_000 });
    expect(() => build({})).toThrow(/option nFft: a sound of 1000 samples has no 1024 to mirror/);
    expect(() => build({ nFft: 1000 })).toThrow(/no power of two/);
    expect(() => build({ nFft: 512, fMax: 9000 })).toThrow(/option fMax/);
  });
});
