import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadModel } from "../../src/formats/model_file.js";
import { exportTflite } from "../../src/formats/tflite/export.js";
import { evaluateSpotter } from "../../src/measure/evaluate.js";
import { openSpotter } from "../../src/measure/spotter.js";
import { parseRecipe } from "../../src/train/recipe.js";
import { train } from "../../src/train/train.js";
import { temporaryFolder, toneDataset, toneRecipe } from "./tones.js";

describe("a trained model in LiteRT", () => {
  it("scores every clip as the checkpoint does, with features outside and inside", async () => {
    const out = join(temporaryFolder(), "run");
    const recipe = parseRecipe({ ...toneRecipe(toneDataset(6)), steps: 20 }, "the test");
    const outcome = await train(recipe, { out, workers: 0, threads: 1, target: "wasm", talk: false });
    const path = join(out, "best.safetensors");
    const own = await openSpotter(path, { target: "wasm" });
    const expected = await evaluateSpotter(own, outcome.measured.sets);
    own.close();
    const model = await loadModel(path);
    for (const features of ["none", "builtin", "op"] as const) {
      const file = join(out, `${features}.tflite`);
      writeFileSync(file, exportTflite(model, { features }));
      const spotter = await openSpotter(file, { runtime: "litert" });
      expect([spotter.labels, spotter.rate, spotter.samples]).toEqual([model.labels, 16_000, 16_000]);
      const { evaluation, probabilities } = await evaluateSpotter(spotter, outcome.measured.sets);
      spotter.close();
      expect(evaluation.confusion).toEqual(expected.evaluation.confusion);
      const far = probabilities.reduce((most, p, i) => Math.max(most, Math.abs(p - expected.probabilities[i])), 0);
      expect(far, features).toBeLessThan(2e-3);
    }
  });

  it("refuses files that it cannot evaluate, and says what to do", async () => {
    const folder = temporaryFolder();
    const text = join(folder, "text.tflite");
    writeFileSync(text, "this is no model at all");
    await expect(openSpotter(text)).rejects.toThrow(/text\.tflite/);
    await expect(openSpotter(text, { runtime: "earshot" })).rejects.toThrow(/TFL3 is missing/);
  });
});
