import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { drawSpectrogram, joinedPiece, type SpectrogramChoice } from "../../src/corpus/augment/spectrogram.js";
import { frontendPreset } from "../../src/frontend/presets.js";
import { oneSecond } from "../../src/frontend/frontend.js";
import { librosaMelHalves, type LibrosaMelOptions } from "../../src/frontend/librosa_mel.js";
import { SpectrogramMaker } from "../../src/train/spectrogram_maker.js";
import { goldenFile, largestDifference, valuesOf } from "../frontend/golden.js";
import { targets } from "../frontend/run.js";

const golden = goldenFile("spectrogram_augmentation.json");
const settings = { probability: 0.5, gain: [0.7, 1.1], speed: 0.2, stretch: 0.2, frameShift: 8, noise: 0.45 } as const;
const frontend = librosaMelHalves(frontendPreset("speechrec") as LibrosaMelOptions, oneSecond);
const soundOf = (name: string) =>
  Float32Array.from(golden.input({ name, attributes: {}, inputs: { x: { tensor: name, scale: 2 ** -15 } }, outputs: {} }, "x"));
const noise = [soundOf("harmonics"), soundOf("bursts")];

interface Attributes {
  readonly clip: SpectrogramChoice;
  readonly noise: (SpectrogramChoice & { readonly piece: number; readonly share: number }) | null;
}

describe.each(targets.filter((target) => target !== "oracle"))("augmented spectrograms on %s", (target) => {
  it("are librosa's, whatever their neighbours are", async () => {
    const maker = await SpectrogramMaker.open({ group: 3, samples: 16_000, frontend, noise, settings, target });
    for (let from = 0; from < golden.cases.length; from += 3) {
      const members = golden.cases.slice(from, from + 3);
      for (const [i, one] of members.entries()) {
        const { clip, noise: own } = one.attributes as unknown as Attributes;
        maker.program.floats(i).set(golden.input(one, "x"));
        maker.set(i, -1, { clip, noise: own === null ? undefined : { piece: own.piece, share: own.share, choice: own } });
      }
      maker.run(members.length);
      for (const [i, one] of members.entries()) {
        const wanted = valuesOf(one.outputs["features"] as never);
        // Decibels. Of a stretched sound the places of the samples are numbers of 32 bits, which shows in the quietest bands.
        const stretched = (one.attributes as unknown as Attributes).clip.length !== 1;
        expect(largestDifference(maker.result(i), wanted), one.name).toBeLessThan(stretched ? 0.2 : 0.005);
      }
    }
    maker.close();
  });

  it("of silence are 0 dB where no noise is mixed in", async () => {
    const maker = await SpectrogramMaker.open({ group: 1, samples: 16_000, frontend, noise, settings, target });
    maker.set(0, 0, { clip: { gain: 0.8, length: 1.1, rate: 0.9, shift: 3 }, noise: undefined });
    maker.run(1);
    expect(new Set(maker.result(0))).toEqual(new Set([0]));
    maker.close();
  });
});

it("each change is drawn half of the time, within its range", () => {
  const drawn = Array.from({ length: 2000 }, (_, i) => drawSpectrogram(settings, new RandomStream(1, i)));
  for (const [key, low, high, still] of [
    ["gain", 0.7, 1.1, 1],
    ["length", 0.8, 1.2, 1],
    ["rate", 0.8, 1.2, 1],
    ["shift", -8, 8, 0],
  ] as const) {
    const values = drawn.map((choice) => choice[key]);
    const changed = values.filter((value) => value !== still);
    expect(changed.length / 2000).toBeGreaterThan(0.42);
    expect(changed.length / 2000).toBeLessThan(0.55);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(low);
    expect(Math.max(...values)).toBeLessThanOrEqual(high);
    expect(Math.max(...values) - Math.min(...values)).toBeGreaterThan(0.9 * (high - low));
  }
});

it("a piece of the noise may begin in one recording and end in the next", () => {
  const out = new Float32Array(4);
  joinedPiece([Float32Array.of(0, 1, 2, 3, 4, 5), Float32Array.of(6), Float32Array.of(7, 8, 9)], 1, out);
  expect([...out]).toEqual([4, 5, 6, 7]);
});
