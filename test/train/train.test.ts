import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UserError } from "../../src/base/errors.js";
import { loadModel } from "../../src/formats/model_file.js";
import { evaluateSpotter } from "../../src/measure/evaluate.js";
import { finishRun } from "../../src/measure/finish_run.js";
import { predictFile } from "../../src/measure/predict.js";
import { openSpotter } from "../../src/measure/spotter.js";
import { parseTrainingLog } from "../../src/measure/training_log.js";
import { parseRecipe } from "../../src/train/recipe.js";
import { resumeTraining, train } from "../../src/train/train.js";
import { temporaryFolder, toneDataset, toneRecipe } from "./tones.js";

const data = toneDataset();
const recipe = parseRecipe(toneRecipe(data), "the test");
const settings = { workers: 0, threads: 1, target: "wasm", talk: false } as const;
const runOf = () => join(temporaryFolder(), "run");

describe("training", () => {
  it("learns two tones and silence, and its best model is what was measured", async () => {
    const out = runOf();
    const outcome = await train(recipe, { ...settings, out });
    expect(outcome).toMatchObject({ steps: 40, end: "steps", trainingClips: 24 + 3, validationClips: 27, testingClips: 27 });
    expect(outcome.bestAccuracy).toBeGreaterThanOrEqual(0.9);
    const log = parseTrainingLog(readFileSync(join(out, "metrics.jsonl"), "utf8"), "metrics.jsonl");
    expect(log.map((record) => record.step)).toEqual([10, 20, 30, 40]);
    expect(log.at(-1)?.loss).toBeLessThan(0.7 * (log[0].loss as number));
    const finished = await finishRun(outcome, { target: "wasm" });
    expect(finished.evaluation?.clips).toBe(27);
    expect(finished.evaluation?.accuracy).toBeGreaterThanOrEqual(0.85);
    expect(readFileSync(join(out, "report.html"), "utf8")).toContain("earshot report");
    expect(readdirSync(join(out, "checkpoints"))).toHaveLength(2);
  });

  it("gives the same bits whether it is interrupted or not", async () => {
    const [whole, broken] = [runOf(), runOf()];
    await train(recipe, { ...settings, out: whole });
    const stop = new AbortController();
    const onValidation = (step: number) => (step === 20 ? stop.abort() : undefined);
    const first = await train(recipe, { ...settings, out: broken, signal: stop.signal, onValidation });
    expect([first.end, first.steps]).toEqual(["interrupted", 20]);
    // What a crash after the checkpoint leaves: a line too many, and one that was cut off.
    writeFileSync(join(broken, "metrics.jsonl"), '{"step":25,"loss":9}\n{"step":2', { flag: "a" });
    const second = await resumeTraining({ ...settings, out: broken });
    expect([second.end, second.steps]).toEqual(["steps", 40]);
    expect(second.notes).toEqual(["going on from step 20"]);
    for (const file of ["last.safetensors", "best.safetensors", "metrics.jsonl", "recipe.json"]) {
      expect(readFileSync(join(broken, file)).equals(readFileSync(join(whole, file))), file).toBe(true);
    }
  });

  it("goes on from the older checkpoint where the newest is damaged, with the same bits", async () => {
    const [whole, broken] = [runOf(), runOf()];
    await train(recipe, { ...settings, out: whole });
    await train(recipe, { ...settings, out: broken });
    const newest = join(broken, "checkpoints", readdirSync(join(broken, "checkpoints")).toSorted().at(-1) as string);
    writeFileSync(newest, readFileSync(newest).subarray(0, 1000));
    const resumed = await resumeTraining({ ...settings, out: broken });
    expect(resumed.notes[0]).toContain("step-000000040");
    expect(resumed.notes[1]).toBe("going on from step 30");
    expect(readFileSync(join(broken, "last.safetensors")).equals(readFileSync(join(whole, "last.safetensors")))).toBe(true);
  });

  it("depends on the seed, and refuses a changed recipe and a folder in use", async () => {
    const [one, two] = [runOf(), runOf()];
    await train({ ...recipe, steps: 2 }, { ...settings, out: one });
    await train({ ...recipe, steps: 2, seed: 4 }, { ...settings, out: two });
    const kernels = await Promise.all(
      [one, two].map(async (run) => [...(await loadModel(join(run, "last.safetensors"))).parameters][0][1]),
    );
    expect(kernels[0]).not.toEqual(kernels[1]);
    await expect(train(recipe, { ...settings, out: one })).rejects.toThrow(/there is a run in this folder.*--resume/);
    writeFileSync(join(one, "recipe.json"), JSON.stringify({ ...recipe, steps: 2, batch: 17 }));
    await expect(resumeTraining({ ...settings, out: one })).rejects.toThrow(
      /recipe\.json: .*: batch \(16, now 17\); put them back/,
    );
  });

  it("stops early when the validation does not get better", async () => {
    const flat = { ...recipe, schedule: { kind: "constant", rate: 1e-12 }, patience: 2, steps: 500 } as const;
    const outcome = await train(flat, { ...settings, out: runOf() });
    expect(outcome.end).toBe("patience");
    expect(outcome.steps).toBeLessThanOrEqual(60);
  });

  it("says what to do when the loss is no number any more", async () => {
    const wild = {
      ...recipe,
      schedule: { kind: "constant", rate: 1e30 },
      optimizer: { kind: "sgd", momentum: 0, nesterov: false },
      clipNorm: 0,
    } as const;
    const failed = train(wild, { ...settings, out: runOf() });
    await expect(failed).rejects.toThrow(UserError);
    await expect(failed).rejects.toThrow(/loss is not a number.*learning rate/);
  });
});

describe("a trained model", () => {
  it("is evaluated on every clip, and predicts files as it does clips", async () => {
    const out = runOf();
    const outcome = await train(recipe, { ...settings, out });
    const spotter = await openSpotter(join(out, "best.safetensors"), { target: "wasm" });
    const sounds = outcome.measured.sets[0];
    if (sounds.kind !== "sounds") throw new Error("the set holds no sounds");
    const { evaluation, mistakes, probabilities } = await evaluateSpotter(spotter, [sounds]);
    expect(evaluation.clips).toBe(27);
    const wrong = evaluation.clips - Math.round(evaluation.accuracy * evaluation.clips);
    expect(mistakes.length).toBeLessThanOrEqual(wrong);
    const prediction = await predictFile(spotter, sounds.clips[5].path);
    const row = probabilities.subarray(5 * 3, 6 * 3);
    for (const [i, label] of spotter.labels.entries()) expect(prediction.scores[label]).toBeCloseTo(row[i], 6);
    spotter.close();
  });
});
