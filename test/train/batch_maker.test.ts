import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { openArchive } from "../../src/corpus/archive.js";
import { ArchiveWriter } from "../../src/corpus/archive_writer.js";
import { FrontendRunner } from "../../src/train/frontend_runner.js";
import { archivedFrontend } from "../../src/train/frontends.js";
import { assemble } from "../../src/train/assemble.js";
import { ArchivedAugmenter, drawMasks } from "../../src/train/archived_augmentation.js";
import { BatchMaker } from "../../src/train/batch_maker.js";
import { allocateBatch } from "../../src/train/loader_plan.js";
import type { Batch, LoaderPlan } from "../../src/train/loader_plan.js";
import { parseRecipe } from "../../src/train/recipe.js";
import { describeFrontend } from "../../src/frontend/frontend.js";
import { frontendPreset } from "../../src/frontend/presets.js";
import { applyMasks } from "../../src/corpus/augment/mask.js";
import { loadClip } from "../../src/corpus/load_clip.js";
import { openDataset } from "../../src/corpus/dataset.js";
import { temporaryFolder, toneDataset, toneRecipe } from "./tones.js";

const data = toneDataset();
const stacked = { ...frontendPreset("log_mel_4k"), frameStep: 2, scale: 0.02, offset: -1, dctCoefficients: 10 };

async function batches(plan: LoaderPlan, steps: readonly number[]): Promise<Batch[]> {
  const maker = await BatchMaker.open(plan);
  const made: Batch[] = [];
  for (const step of steps) {
    const batch = allocateBatch(plan, false);
    await maker.make(step, batch);
    made.push(batch);
  }
  maker.close();
  return made;
}

/** The data set's clips as an archive of bytes, without noise. */
async function archiveOf(root: string): Promise<string> {
  const archive = temporaryFolder();
  const frontend = frontendPreset("log_mel_4k");
  const cut = archivedFrontend(frontend, { samples: 16_000, rate: 16_000 }, [98, 40], []);
  const runner = await FrontendRunner.open(cut, 16_000, "wasm");
  const writer = new ArchiveWriter(archive, { itemShape: [98, 40], type: "u8", frontend });
  for (const clip of openDataset(root, { words: ["low", "high"], silence: false, unknown: false }).clips) {
    runner.audio(0).set(await loadClip(clip));
    runner.run();
    writer.append({ word: clip.word, name: "a", split: clip.split }, runner.result(0));
  }
  const zeros = new Float32Array(98 * 40);
  for (let i = 0; i < 3; i++) writer.append({ word: "_background_noise_", name: "n", split: "training" }, zeros.fill(40 + i));
  writer.close();
  runner.close();
  return archive;
}

describe("batches", () => {
  it("are a pure function of the step, whatever was made before", async () => {
    const { plan } = await assemble(parseRecipe(toneRecipe(data), "the test"), "wasm");
    const [a, b] = await batches(plan, [7, 8]);
    const [c, d] = await batches(plan, [8, 7]);
    expect(d).toEqual(a);
    expect(c).toEqual(b);
    expect(a.features).not.toEqual(b.features);
  });

  it("hold as much silence without noise as the recipe says", async () => {
    const waveform = { silenceFrequency: 0.7, silenceVolume: 1 };
    const input = { ...toneRecipe(data), sampling: { shares: { _silence_: 1 } }, augmentation: { waveform } };
    const quiet = await assemble(parseRecipe(input, "the test"), "wasm");
    const noisy = await assemble(
      parseRecipe({ ...input, augmentation: { waveform: { ...waveform, silenceFrequency: 1 } } }, "the test"),
      "wasm",
    );
    /** Share of the examples of silence whose features do not vary: of digital silence every frame is the same. */
    const still = async ({ plan }: typeof quiet): Promise<number> => {
      let count = 0;
      const made = await batches(plan, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      for (const { features } of made) {
        const length = features.length / plan.batch;
        for (let slot = 0; slot < plan.batch; slot++) {
          const values = features.subarray(slot * length, (slot + 1) * length);
          const [, bins] = plan.frontend.featureShape;
          if (values.every((value, i) => value === values[i % bins])) count++;
        }
      }
      return count / (made.length * plan.batch);
    };
    expect(await still(noisy)).toBe(0);
    expect(Math.abs((await still(quiet)) - 0.3)).toBeLessThan(0.15);
  });

  it("hold one-hot targets of the clips drawn, and the weights of their classes", async () => {
    const recipe = parseRecipe({ ...toneRecipe(data), classWeights: { low: 3 }, sampling: { shares: { low: 0.5 } } }, "the test");
    const { plan, labels } = await assemble(recipe, "wasm");
    const low = labels.indexOf("low");
    let drawn = 0;
    for (const { targets, weights } of await batches(plan, [1, 2, 3, 4])) {
      for (let slot = 0; slot < plan.batch; slot++) {
        const row = [...targets.subarray(slot * 3, slot * 3 + 3)];
        expect(row.toSorted()).toEqual([0, 0, 1]);
        expect(weights[slot]).toBe(row[low] === 1 ? 3 : 1);
        drawn += row[low];
      }
    }
    expect(drawn).toBeGreaterThan(16);
    expect(drawn).toBeLessThan(48);
  });

  it("augment spectrograms, a pure function of the step; silence is mixed with noise half of the time", async () => {
    const augmentation = { spectrogram: { probability: 0.5 } };
    const recipe = { ...toneRecipe(data), frontend: frontendPreset("speechrec"), augmentation };
    const { plan, labels } = await assemble(parseRecipe(recipe, "the test"), "wasm");
    const [a, b] = await batches(plan, [3, 4]);
    const [c, d] = await batches(plan, [4, 3]);
    expect(d).toEqual(a);
    expect(c).toEqual(b);
    const many = await batches(plan, [1, 2, 5, 6]);
    let zeros = 0;
    let silences = 0;
    for (const { features, targets } of many)
      for (let slot = 0; slot < plan.batch; slot++) {
        if (targets[slot * labels.length + labels.indexOf("_silence_")] === 0) continue;
        silences++;
        if (features.subarray(slot * 1280, (slot + 1) * 1280).every((x) => x === 0)) zeros++;
      }
    expect(silences).toBeGreaterThan(8);
    expect(zeros).toBeGreaterThan(0.2 * silences);
    expect(zeros).toBeLessThan(0.8 * silences);
    await expect(assemble(parseRecipe({ ...toneRecipe(data), augmentation }, "the test"), "wasm")).rejects.toThrow(
      "augmentation.spectrogram is for the front end librosa_mel, and the recipe has mfcc_op",
    );
  });

  it("mix an archive with sounds; without augmentation both give the same features", async () => {
    const root = await archiveOf(data);
    expect(openArchive(root).count).toBe(72 + 3);
    const still = {
      waveform: { noiseFrequency: 0, timeShiftMilliseconds: 0 },
      archived: { frameShift: 0, gainDecibels: 0, noiseFrequency: 0 },
    };
    const base = {
      ...toneRecipe(data),
      frontend: stacked,
      augmentation: still,
      task: { words: ["low", "high"], silence: false, unknown: false },
    };
    const of = async (sources: object[]) => {
      const { plan } = await assemble(parseRecipe({ ...base, data: sources, sampling: { order: "walk" } }, "the test"), "wasm");
      return batches(plan, [1, 2]);
    };
    const sounds = { kind: "sounds", path: data };
    const archive = { kind: "archive", path: root };
    const [fromArchive, fromSounds] = [await of([archive]), await of([sounds])];
    for (const [i, batch] of fromArchive.entries()) {
      expect(batch.targets).toEqual(fromSounds[i].targets);
      const far = batch.features.reduce((most, x, k) => Math.max(most, Math.abs(x - fromSounds[i].features[k])), 0);
      expect(far).toBeLessThan(1e-4);
    }
    const mixed = await of([archive, sounds]);
    expect(mixed[0].features.every(Number.isFinite)).toBe(true);
  });

  it("join unknown words, arrays and sounds, and leave the other labels as they are", async () => {
    const root = await archiveOf(data);
    const of = async (source: object, junctions: number) => {
      const recipe = {
        ...toneRecipe(data),
        frontend: stacked,
        augmentation: {
          waveform: { noiseFrequency: 0, timeShiftMilliseconds: 0 },
          archived: { frameShift: 0, gainDecibels: 0, noiseFrequency: 0 },
          junctions,
        },
        task: { words: ["low"], silence: false, unknown: true },
        data: [source],
        sampling: { order: "walk" },
      };
      const { plan } = await assemble(parseRecipe(recipe, "the test"), "wasm");
      const [batch] = await batches(plan, [1]);
      return { batch, unknown: plan.unknown, count: plan.batch };
    };
    const row = ({ batch, count }: Awaited<ReturnType<typeof of>>, slot: number) => {
      const length = batch.features.length / count;
      return batch.features.subarray(slot * length, (slot + 1) * length);
    };
    for (const source of [
      { kind: "archive", path: root },
      { kind: "sounds", path: data },
    ]) {
      const [plain, joined] = [await of(source, 0), await of(source, 1)];
      let changed = 0;
      for (let slot = 0; slot < plain.count; slot++) {
        const values = row(joined, slot);
        const same = row(plain, slot).every((x, i) => x === values[i]);
        if (plain.batch.targets[2 * slot + plain.unknown] === 1) changed += Number(!same);
        else expect(same).toBe(true);
      }
      expect(changed).toBeGreaterThan(0);
    }
  });

  it("refuse an archive whose arrays the front end does not give", async () => {
    const root = await archiveOf(data);
    const frontend = describeFrontend({ kind: "log_mel", windowMs: 40, strideMs: 20 });
    const recipe = parseRecipe(
      { ...toneRecipe(data), frontend, data: [{ kind: "archive", path: root }], task: { words: ["low", "high"] } },
      "the test",
    );
    await expect(assemble(recipe, "wasm")).rejects.toThrow(/98 x 40, and the front end gives 49 x 40.*--frontend/);
  });

  it("change speed and room between the kernels, and differ from those without", async () => {
    const of = async (waveform: object) => {
      const recipe = parseRecipe({ ...toneRecipe(data), augmentation: { waveform } }, "the test");
      return batches((await assemble(recipe, "wasm")).plan, [3, 3]);
    };
    const [plain] = await of({ resample: 0.15 });
    const [first, again] = await of({ resample: 0.15, speed: 0.1, reverberation: 1 });
    expect(again).toEqual(first);
    expect(first.targets).toEqual(plain.targets);
    expect(first.features.every(Number.isFinite)).toBe(true);
    expect(first.features).not.toEqual(plain.features);
  });

  it("name a sound that cannot be read", async () => {
    const broken = toneDataset(4);
    writeFileSync(join(broken, "low/tr000000_nohash_0.wav"), "RIFF");
    const { plan } = await assemble(parseRecipe(toneRecipe(broken), "the test"), "wasm");
    await expect(batches(plan, [1, 2, 3, 4, 5])).rejects.toThrow(/low.tr000000_nohash_0\.wav/);
  });
});

/** Ones, masked as clip number `clip` of a batch is. */
function masksOf(perBatch: boolean, clip: number): Float32Array {
  const features = new Float32Array(80).fill(1);
  const specAugment = { probability: 1, timeMasks: 2, timeMaskSize: 6, frequencyMasks: 1, frequencyMaskSize: 3, perBatch };
  const random = { clip: new RandomStream(1, clip), batch: new RandomStream(2) };
  applyMasks(features, 4, drawMasks(20, 4, { specAugment, specCutout: null }, random));
  return features;
}

describe("augmentation of arrays", () => {
  // The uint8 arrays of ../shared/data: round(10 ln(1 + mel power)).
  const tenLogOnePlus = { scale: 10, floor: 1, lowest: 0, highest: 255 };
  const options = { group: 8, frames: 20, bins: 4, form: tenLogOnePlus };
  const settings = {
    frameShift: 3,
    gainDecibels: 0,
    noiseFrequency: 0,
    noiseDecibels: [0, 0] as [number, number],
    silenceZeros: 0,
    silenceDecibels: [0, 0] as [number, number],
  };
  const values = Float32Array.from({ length: 80 }, (_, i) => (i * 37) % 200);
  const noise = { count: 1, get: () => new Float32Array(80).fill(90) };

  it.each([tenLogOnePlus, undefined])("delays whole frames and fills with silence (form %o)", async (form) => {
    const augmenter = await ArchivedAugmenter.open({ ...options, form, settings }, "wasm");
    const seen = new Set<number>();
    for (let seed = 0; seed < 40; seed++) {
      augmenter.speech(seed % augmenter.group, values, noise, new RandomStream(seed));
      augmenter.run();
      const out = augmenter.result(seed % augmenter.group);
      const shift = [-3, -2, -1, 0, 1, 2, 3].find((frames) =>
        values.every((_, i) => {
          const from = i - frames * 4;
          return Math.abs(out[i] - (from >= 0 && from < 80 ? values[from] : 0)) < 1e-3;
        }),
      );
      expect(shift).toBeDefined();
      seen.add(shift as number);
    }
    expect(seen.size).toBe(7);
    augmenter.close();
  });

  it("adds powers: noise as loud as the voice is 3 dB more, and noise alone makes silence", async () => {
    const open = (changed: object) => ArchivedAugmenter.open({ ...options, settings: { ...settings, ...changed } }, "wasm");
    const loud = await open({ frameShift: 0, noiseFrequency: 1 });
    loud.speech(3, new Float32Array(80).fill(90), noise, new RandomStream(1));
    loud.silence(4, new Float32Array(80).fill(90), new RandomStream(1));
    loud.run();
    const expected = 10 * Math.log(1 + 2 * (Math.exp(9) - 1));
    for (const value of loud.result(3)) expect(value).toBeCloseTo(expected, 3);
    for (const value of loud.result(4)) expect(value).toBeCloseTo(90, 3);
    loud.close();
    const zeros = await open({ silenceZeros: 1 });
    zeros.silence(0, new Float32Array(80).fill(90), new RandomStream(1));
    zeros.run();
    expect([...zeros.result(0)].every((value) => Math.abs(value) < 1e-6)).toBe(true);
    zeros.close();
  });

  it("gains change every power alike, by decibels with the deviation that is asked for", async () => {
    const augmenter = await ArchivedAugmenter.open(
      { ...options, settings: { ...settings, frameShift: 0, gainDecibels: 3 } },
      "wasm",
    );
    const power = (value: number) => Math.exp(value / 10) - 1;
    const gains = Array.from({ length: 40 }, (_, seed) => {
      augmenter.speech(
        0,
        Float32Array.from({ length: 80 }, (_, i) => 60 + (i % 50)),
        noise,
        new RandomStream(seed),
      );
      augmenter.run();
      const decibels = [...augmenter.result(0)].map((value, i) => 10 * Math.log10(power(value) / power(60 + (i % 50))));
      for (const one of decibels) expect(one).toBeCloseTo(decibels[0], 2);
      return decibels[0];
    });
    const deviation = Math.sqrt(gains.reduce((sum, gain) => sum + gain * gain, 0) / gains.length);
    expect(deviation).toBeGreaterThan(2);
    expect(deviation).toBeLessThan(4);
    augmenter.close();
  });

  it("turns noise round", async () => {
    const augmenter = await ArchivedAugmenter.open({ ...options, settings }, "wasm");
    for (let i = 0; i < augmenter.group; i++) augmenter.silence(i, values, new RandomStream(9, i));
    augmenter.run();
    const turns = Array.from({ length: augmenter.group }, (_, i) =>
      Array.from({ length: 20 }, (_, frame) => frame * 4).find((first) =>
        augmenter.result(i).every((value, at) => Math.abs(value - values[(at + first) % 80]) < 1e-3),
      ),
    );
    expect(turns.every((turn) => turn !== undefined)).toBe(true);
    expect(new Set(turns).size).toBeGreaterThan(4);
    augmenter.close();
  });

  it("draws the masks of a batch once, or a clip's own", () => {
    expect(masksOf(true, 1)).toEqual(masksOf(true, 2));
    expect(
      Array.from({ length: 8 }, (_, clip) => masksOf(false, clip).join()).filter((x, i, all) => all.indexOf(x) === i).length,
    ).toBeGreaterThan(3);
  });
});
