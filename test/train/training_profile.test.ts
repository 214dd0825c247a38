import { describe, expect, it } from "vitest";
import { renderProfile } from "../../src/cli/training_profile.js";
import { parseRecipe } from "../../src/train/recipe.js";
import { train } from "../../src/train/train.js";
import { temporaryFolder, toneDataset, toneRecipe } from "./tones.js";

describe("the profile of a training", () => {
  it("divides the loop, the step and the loader, and is there only where asked for", async () => {
    const waveform = { resample: 0.1, speed: 0.1, noiseFrequency: 1, noiseVolume: 0.1 };
    const recipe = parseRecipe(
      { ...toneRecipe(toneDataset()), steps: 6, validateEvery: 6, augmentation: { waveform } },
      "the test",
    );
    const settings = { target: "wasm" as const, threads: 1, workers: 0, talk: false };
    const { profile, seconds } = await train(recipe, { ...settings, out: `${temporaryFolder()}/run`, profile: true });
    if (profile === null) throw new Error("a profile was asked for");
    const { loop, step, loader, loaderKernels } = profile;
    expect(profile.steps).toBe(6);
    expect(profile.clips).toBe(6 * recipe.batch);
    expect(loop.step + loop.wait + loop.other).toBeLessThanOrEqual((1000 * seconds) / 6 + 1e-6);
    // Kernels are timed inside the step, and their shares make a whole.
    const sum = step.reduce((total, { milliseconds }) => total + milliseconds, 0);
    expect(sum).toBeGreaterThan(0);
    expect(sum).toBeLessThanOrEqual(loop.step);
    expect(step.reduce((total, { share }) => total + share, 0)).toBeCloseTo(1, 6);
    expect(step.some(({ kernel, gigaflops }) => kernel === "contraction" && (gigaflops ?? 0) > 0)).toBe(true);
    const stages = loader.map(({ stage }) => stage);
    for (const stage of [
      "read",
      "decode 16-bit",
      "resample and shift",
      "speed and room",
      "noise",
      "volume and noise",
      "front end",
    ])
      expect(stages).toContain(stage);
    const worked = loader.filter(({ stage }) => stage !== "wait");
    expect(worked.reduce((total, { share }) => total + share, 0)).toBeCloseTo(1, 6);
    expect(loaderKernels.find(({ op }) => op === "filterbank")?.calls).toBeGreaterThan(0);
    const text = renderProfile(profile, (_, plain) => plain);
    expect(text).toMatch(/wait for the batch +\d+\.\d\d +\d+\.\d %/);
    expect(text).toMatch(/contraction +\S+ +[\d.]+ +[\d.]+ +[\d.]+ % +[\d.]+ +\[/);
    expect(text).toMatch(/front end +[\d.]+ +[\d.]+ %/);

    const plain = await train(recipe, { ...settings, out: `${temporaryFolder()}/run` });
    expect(plain.profile).toBeNull();
  });
});
