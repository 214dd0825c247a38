import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadModel } from "../../src/formats/model_file.js";
import { parseRecipe } from "../../src/train/recipe.js";
import { hardThreshold, isSparse, Sparsifier } from "../../src/train/sparsify.js";
import { resumeTraining, train } from "../../src/train/train.js";
import { temporaryFolder, toneDataset, toneRecipe } from "./tones.js";

const zerosOf = (values: Float32Array): number => values.filter((x) => x === 0).length;

describe("hardThreshold", () => {
  it("keeps the entries from the quantile next above, as numpy's percentile with 'higher'", () => {
    const values = Float32Array.of(5, -4, 3, -2, 1);
    hardThreshold(values, 0.4);
    expect([...values]).toEqual([5, -4, 0, 0, 0]);
    const all = Float32Array.of(2, -1, 1);
    hardThreshold(all, 1);
    expect([...all]).toEqual([2, -1, 1]);
  });
});

describe("Sparsifier", () => {
  it("is dense for a third, thresholds every trimLevel-th step of the second, and keeps the zeros to the end", () => {
    const weights = new Map([
      ["recurrent.0.kernel", Float32Array.of(1, 2, 3, 4)],
      ["recurrent.0.recurrent_kernel", Float32Array.of(1, 2, 3, 4)],
      ["recurrent.0.bias", Float32Array.of(1, 2, 3, 4)],
      ["classifier.kernel", Float32Array.of(1, 2, 3, 4)],
    ]);
    const sparsifier = new Sparsifier(weights, { w: 0.5, u: 1, trimLevel: 3 }, 12);
    const history: number[] = [];
    for (let step = 1; step <= 12; step++) {
      sparsifier.before(step);
      for (const values of weights.values()) for (let i = 0; i < 4; i++) values[i] = (values[i] as number) + 1;
      sparsifier.after(step);
      history.push(zerosOf(weights.get("recurrent.0.kernel") as Float32Array));
    }
    expect(history).toEqual([0, 0, 0, 0, 0, 2, 2, 2, 2, 2, 2, 2]);
    for (const name of ["recurrent.0.recurrent_kernel", "recurrent.0.bias", "classifier.kernel"])
      expect([...(weights.get(name) as Float32Array)]).toEqual([13, 14, 15, 16]);
  });
});

describe("a sparse training of FastGRNN that normalises its features", () => {
  const steps = 60;
  const recipe = parseRecipe(
    {
      ...toneRecipe(toneDataset()),
      model: { name: "edgeml/fastgrnn", options: { hiddenUnits: 16, uRank: 8, normalize: true } },
      schedule: { kind: "cosine", rate: 0.03, warmup: 2 },
      sparsity: { w: 0.4, u: 0.3, trimLevel: 5 },
      steps,
      validateEvery: 10,
    },
    "the test",
  );
  const settings = { workers: 0, threads: 1, target: "wasm", talk: false } as const;
  const runOf = () => join(temporaryFolder(), "run");

  it("learns, ends with the share of entries asked for, and gives the same bits when it is interrupted", async () => {
    const [whole, broken] = [runOf(), runOf()];
    const outcome = await train(recipe, { ...settings, out: whole });
    expect(outcome.bestAccuracy).toBeGreaterThan(0.8);
    expect(isSparse(outcome.bestStep, { w: 0.4, u: 0.3, trimLevel: 5 }, steps)).toBe(true);
    const { parameters } = await loadModel(join(whole, "best.safetensors"));
    const share = (name: string): number => {
      const values = parameters.get(name) as Float32Array;
      return 1 - zerosOf(values) / values.length;
    };
    expect(share("recurrent.0.kernel")).toBeCloseTo(0.4, 1);
    for (const name of ["recurrent_first", "recurrent_kernel"]) expect(share(`recurrent.0.${name}`)).toBeCloseTo(0.3, 1);
    expect(share("classifier.kernel")).toBe(1);
    expect((parameters.get("normalize.mean") as Float32Array)[0]).not.toBe(0);
    const stop = new AbortController();
    const onValidation = (step: number) => (step === 40 ? stop.abort() : undefined);
    await train(recipe, { ...settings, out: broken, signal: stop.signal, onValidation });
    await resumeTraining({ ...settings, out: broken });
    for (const file of ["last.safetensors", "best.safetensors", "metrics.jsonl"])
      expect(readFileSync(join(broken, file)).equals(readFileSync(join(whole, file))), file).toBe(true);
  });
});
