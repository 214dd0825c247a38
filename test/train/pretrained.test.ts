import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { UserError } from "../../src/base/errors.js";
import { loadModel, saveModel } from "../../src/formats/model_file.js";
import { type ParameterData, typeText } from "../../src/graph/types.js";
import { namedSet } from "../../src/measure/named_set.js";
import { ModelQuantizer } from "../../src/measure/quantize_model.js";
import { labelLayer, pretrainedSettings } from "../../src/train/pretrained.js";
import type { RecipeInput } from "../../src/train/recipe.js";
import { parseRecipe } from "../../src/train/recipe.js";
import { resumeTraining, train } from "../../src/train/train.js";
import { buildModel, findModel, zooModels } from "../../src/zoo/index.js";
import { temporaryFolder, toneDataset, toneRecipe } from "./tones.js";

const data = toneDataset();
const settings = { workers: 0, threads: 1, target: "wasm", talk: false } as const;
const runOf = () => join(temporaryFolder(), "run");
const pretrained = runOf();
const start = join(pretrained, "best.safetensors");

/** Tones without silence: one label less than the pretrained model has. */
function fineTuning(change: Partial<RecipeInput>, from: { freezeSteps?: number; bodyRate?: number } = {}) {
  const task = { words: ["low", "high"], silence: false, unknown: false };
  return parseRecipe({ ...toneRecipe(data), task, steps: 6, from: { model: start, ...from }, ...change }, "the test");
}

async function parametersOf(run: string): Promise<Map<string, ParameterData>> {
  return (await loadModel(join(run, "last.safetensors"))).parameters;
}

beforeAll(async () => {
  await train(parseRecipe(toneRecipe(data), "the test"), { ...settings, out: pretrained });
});

describe("the label layer", () => {
  it.each(zooModels.map(({ name }) => name))("of %s is what depends on the number of labels", (name) => {
    const { frames, features } = findModel(name).published.shape;
    const types = (labels: number) =>
      new Map(buildModel(name, {}, { frames, features, labels }).parameters.map((p) => [p.name, typeText(p.value.type)]));
    const [five, twelve] = [types(5), types(12)];
    const depending = [...five].flatMap(([key, type]) => (twelve.get(key) === type ? [] : [key]));
    expect([...labelLayer(buildModel(name, {}, { frames, features, labels: 12 }))].toSorted()).toEqual(depending.toSorted());
  });
});

describe("training from a pretrained model", () => {
  it("begins with its weights, and leaves the frozen ones as they are to the bit", async () => {
    const run = runOf();
    const outcome = await train(fineTuning({}, { freezeSteps: 6 }), { ...settings, out: run });
    expect(outcome.labels).toEqual(["low", "high"]);
    expect(outcome.notes[0]).toContain(`starting from ${start}: a new label layer`);
    const before = (await loadModel(start)).parameters;
    const head = labelLayer((await loadModel(join(run, "last.safetensors"))).graph);
    const after = await parametersOf(run);
    expect(after.size).toBe(before.size);
    for (const [name, values] of after) if (!head.has(name)) expect(values, name).toEqual(before.get(name));
    expect([...head].some((name) => after.get(name)?.some((x) => x !== 0))).toBe(true);
  });

  it("learns the body at its own rate when it is thawed", async () => {
    const [slow, fast] = [runOf(), runOf()];
    await train(fineTuning({}, { freezeSteps: 3, bodyRate: 0.01 }), { ...settings, out: slow });
    await train(fineTuning({}, { freezeSteps: 3, bodyRate: 1 }), { ...settings, out: fast });
    const before = (await loadModel(start)).parameters;
    const [little, much] = await Promise.all([slow, fast].map(parametersOf));
    const [name] = [...before.keys()];
    const distance = (values: Map<string, ParameterData>) =>
      (values.get(name) as Float32Array).reduce((sum, x, i) => sum + Math.abs(x - (before.get(name) as Float32Array)[i]), 0);
    expect(distance(little)).toBeGreaterThan(0);
    expect(distance(much)).toBeGreaterThan(10 * distance(little));
  });

  it("gives the same bits when it is interrupted while frozen", async () => {
    const [whole, broken] = [runOf(), runOf()];
    const recipe = fineTuning({ steps: 8, validateEvery: 4 }, { freezeSteps: 6, bodyRate: 0.5 });
    await train(recipe, { ...settings, out: whole });
    const stop = new AbortController();
    await train(recipe, { ...settings, out: broken, signal: stop.signal, onValidation: () => stop.abort() });
    await resumeTraining({ ...settings, out: broken });
    for (const file of ["last.safetensors", "best.safetensors", "metrics.jsonl"])
      expect(readFileSync(join(broken, file)).equals(readFileSync(join(whole, file))), file).toBe(true);
  });

  it("keeps the label layer where the labels are the same", async () => {
    const outcome = await train(
      fineTuning({ task: toneRecipe(data).task, steps: 1, schedule: { kind: "constant", rate: 1e-9 } }),
      {
        ...settings,
        out: runOf(),
      },
    );
    expect(outcome.notes[0]).toContain("the labels are the same");
    expect(outcome.bestAccuracy).toBeGreaterThanOrEqual(0.9);
  });

  it("says what does not fit, and makes no folder then", async () => {
    const refused = async (change: Partial<RecipeInput>) =>
      train(fineTuning(change), { ...settings, out: runOf() }).then(
        () => "nothing",
        (error: unknown) => (error instanceof UserError ? error.message : String(error)),
      );
    expect(await refused({ model: { name: "dnn_m" } })).toMatch(
      /does not fit the network: parameter .* is f32.* and must be f32/,
    );
    expect(await refused({ frontend: { ...toneRecipe(data).frontend, dctCoefficients: 12 } })).toMatch(
      /dctCoefficients is 10 there and 12 here/,
    );
    expect(await refused({ from: { model: "ds_cnn_z" } })).toMatch(/ds_cnn_z: there is no such file/);
    await expect(pretrainedSettings(join(pretrained, "recipe.json"))).rejects.toThrow(UserError);
  });

  it("says that a quantized model is one", async () => {
    const model = await loadModel(start);
    const clips = namedSet(data, "training", model.labels, { most: 4 });
    const quantized = join(temporaryFolder(), "quantized.safetensors");
    await saveModel(quantized, (await ModelQuantizer.open(model, clips, "minmax")).quantize({}).model);
    await expect(pretrainedSettings(quantized)).rejects.toThrow(
      `${quantized}: is quantized; start from the float model that it was made from`,
    );
  });

  it("takes network, front end and clip length from the model", async () => {
    const found = await pretrainedSettings(start);
    expect(found).toMatchObject({ model: { name: "dnn_s" }, rate: 16_000, samples: 16_000 });
    expect(found.frontend).toMatchObject({ kind: "mfcc_op", dctCoefficients: 10 });
  });
});
