import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { describe, expect, test } from "vitest";
import { recipeOf, register } from "../../src/cli/train.js";
import { RowSetWriter } from "../../src/corpus/row_set.js";
import { loadModel } from "../../src/formats/model_file.js";
import { loadNewestCheckpoint } from "../../src/train/checkpoint.js";
import { normalisationOfRows } from "../../src/train/normalise.js";
import { endsPass, passesOf, passOf, stepsOfPasses } from "../../src/train/passes.js";
import { parseRecipe, type RecipeInput } from "../../src/train/recipe.js";
import { RollingStates } from "../../src/train/rolling.js";
import { resumeTraining, train } from "../../src/train/train.js";
import { temporaryFolder } from "./tones.js";

const frontend = { kind: "ell", windowSize: 400, inputBufferSize: 160, filterbankSize: 4, log: true, iir: true } as const;
const [frames, bins, each] = [6, 4, 40];

/** Rows of two labels; the second rises over time. */
function rowData(): string {
  const folder = temporaryFolder();
  for (const split of ["training", "validation", "testing"]) {
    const description = { rate: 16_000, hop: 160, bins, window: frames, shift: frames, classes: ["low", "high"], frontend };
    const writer = new RowSetWriter(join(folder, `${split}_list.npz`), description);
    for (let i = 0; i < 2 * each; i++) {
      const values = Float32Array.from(
        { length: frames * bins },
        (_, j) => 3 + Math.sin(i * 7 + j * j) + (i % 2) * Math.floor(j / bins),
      );
      writer.append(i % 2 === 0 ? "low" : "high", values);
    }
    writer.close();
  }
  return folder;
}

const data = rowData();
const input: RecipeInput = {
  model: { name: "edgeml/fastgrnn", options: { hiddenUnits: 6, numLayers: 2, normalize: true } },
  frontend,
  samples: (frames + 2) * 160,
  data: [{ kind: "rows", path: data }],
  sampling: { order: "epochs" },
  augmentation: { archived: { frameShift: 0, gainDecibels: 0, noiseFrequency: 0 } },
  optimizer: { kind: "adam" },
  schedule: { kind: "cosine", rate: 0.05, last: 0.001, peaks: 1 },
  rolling: { maxLength: 3 },
  batch: 16,
  steps: 24,
  validateEvery: 0,
  seed: 5,
};
const settings = { workers: 0, threads: 1, target: "wasm", talk: false } as const;

describe("passes", () => {
  test("the published command: 235 short passes, then 15 whole ones", () => {
    const options = { examples: 84_843, batch: 128, rolling: { maxLength: 235 } };
    expect(stepsOfPasses(options, 250)).toBe(27_965 + 15 * 662);
    const passes = passesOf(options, 37_895);
    expect([passes.short, passes.starts.length]).toEqual([235, 250]);
    expect(Array.from(passes.starts.subarray(0, 4))).toEqual([1, 3, 6, 10]);
    expect([1, 2, 3, 9, 10, 27_966, 37_895].map((step) => passOf(passes, step))).toEqual([0, 0, 1, 2, 3, 235, 249]);
    expect([1, 2, 5, 37_894, 37_895].map((step) => endsPass(passes, step, 37_895))).toEqual([false, true, true, false, true]);
  });

  test("short passes are never longer than whole ones; a batch must fit", () => {
    expect(Array.from(passesOf({ examples: 50, batch: 10, rolling: { maxLength: 100 } }, 20).starts)).toEqual([
      1, 3, 6, 10, 15, 20,
    ]);
    expect(Array.from(passesOf({ examples: 59, batch: 10 }, 11).starts)).toEqual([1, 6, 11]);
    expect(() => passesOf({ examples: 5, batch: 10 }, 11)).toThrow("a batch of 10 is larger than the 5 examples of a pass");
  });
});

describe("rolling states", () => {
  test("a batch begins with some of the states that batches before it ended with, all layers of one example", () => {
    const batch = 200;
    const values = [new Float32Array(batch * 3), new Float32Array(batch)];
    const passes = passesOf({ examples: 100_000, batch, rolling: { maxLength: 2 } }, 500);
    const rolling = new RollingStates(
      values.map((list, i) => ({ name: `s${i}`, values: list })),
      { batch, seed: 1, passes },
    );
    let arrived = 0;
    for (let step = 1; step <= 150; step++) {
      rolling.before(step);
      const [wide, narrow] = values as [Float32Array, Float32Array];
      // Short passes begin with steps 1 and 3.
      if (step <= 3 && step !== 2) expect(wide.every((x) => x === 0)).toBe(true);
      expect(wide.every((x, i) => x === narrow[Math.floor(i / 3)])).toBe(true);
      arrived = narrow.filter((x) => x > 0).length;
      for (let i = 0; i < batch; i++) {
        narrow[i] = step * 1000 + i;
        wide.fill(step * 1000 + i, 3 * i, 3 * i + 3);
      }
      rolling.after(step);
    }
    // Each place is filled at 1 % a batch: 77.5 % after 149.
    expect(arrived).toBeGreaterThan(batch * 0.65);
    expect(arrived).toBeLessThan(batch * 0.9);
  });
});

describe("rolling training", () => {
  test("validates after every pass, goes on with the same bits, and leaves a network of clips", async () => {
    const recipe = parseRecipe(input, "the test");
    const [whole, broken] = [join(temporaryFolder(), "run"), join(temporaryFolder(), "run")];
    const validated: number[] = [];
    const outcome = await train(recipe, {
      ...settings,
      out: whole,
      onValidation: (step, figures, _, { learningRate, loss }) => {
        validated.push(step);
        expect([figures.clips, learningRate > 0, loss > 0]).toEqual([2 * each, true, true]);
      },
    });
    // 80 rows in batches of 16: passes of 2, 3, 4 batches, then whole ones of 5.
    expect(validated).toEqual([2, 5, 9, 14, 19, 24]);
    expect(outcome.bestAccuracy).toBeGreaterThan(0.6);
    const stop = new AbortController();
    await train(recipe, {
      ...settings,
      out: broken,
      signal: stop.signal,
      onValidation: (step) => (step === 14 ? stop.abort() : undefined),
    });
    const { checkpoint } = await loadNewestCheckpoint(broken);
    const bag = checkpoint?.tensors.get("rolling.recurrent.0.state");
    expect([bag?.length, bag?.some((x) => x !== 0)]).toEqual([16 * 6, true]);
    await resumeTraining({ ...settings, out: broken });
    for (const file of ["last.safetensors", "metrics.jsonl"])
      expect(readFileSync(join(broken, file)).equals(readFileSync(join(whole, file)))).toBe(true);
    const model = await loadModel(join(whole, "last.safetensors"));
    expect(model.graph.states).toEqual([]);
    const buffers = normalisationOfRows([
      {
        kind: "archive",
        root: join(data, "training_list.npz"),
        arrays: Int32Array.from({ length: 80 }, (_, i) => i),
        labels: new Int32Array(80),
      },
    ]);
    expect(model.parameters.get("normalize.mean")).toEqual(buffers?.get("normalize.mean"));
  });

  test("flags of earshot train: rows bring front end, rate and length; sparsity, passes and rates go into the recipe", async () => {
    const optionsOf = (flags: string): Parameters<typeof recipeOf>[1] => {
      const command = new Command().exitOverride();
      register(command);
      const train = command.commands[0] as Command;
      train.parseOptions(["--features", data, ...flags.split(" ")]);
      return train.opts();
    };
    const words = "--order epochs --rolling --max-rolling-length 7 --w-sparsity 0.3 --trim-level 9 --validate-every 0";
    const rates = "--schedule cosine --learning-rate 0.1 --last-rate 0.01 --peaks 2 --steps 30";
    const recipe = await recipeOf("edgeml/fastgrnn", optionsOf(`${words} ${rates}`));
    expect(recipe).toMatchObject({
      data: [{ kind: "rows", path: data }],
      frontend: { kind: "ell", windowSize: 400, filterbankSize: 4 },
      rate: 16_000,
      samples: (frames + 2) * 160,
      rolling: { maxLength: 7 },
      sparsity: { w: 0.3, u: 1, trimLevel: 9 },
      schedule: { kind: "cosine", rate: 0.1, last: 0.01, peaks: 2 },
      sampling: { order: "epochs", wholeBatches: false },
      validateEvery: 0,
    });
    const decay = "--learning-rate 0.1 --schedule decay --gamma 0.9 --gamma-every 5 --whole-batches";
    const other = await recipeOf("edgeml/fastgrnn", optionsOf(`${words} ${decay}`));
    expect(other.schedule).toEqual({ kind: "decay", rate: 0.1, gamma: 0.9, every: 5, restart: false });
    expect(other.sampling.wholeBatches).toBe(true);
  });

  test("what cannot roll is refused", async () => {
    const out = join(temporaryFolder(), "run");
    const refused = (changes: Partial<RecipeInput>) =>
      train(parseRecipe({ ...input, ...changes }, "the test"), { ...settings, out });
    await expect(refused({ sampling: { order: "balanced" } })).rejects.toThrow('rolling training goes with the order "epochs"');
    await expect(refused({ model: { name: "dnn_s" } })).rejects.toThrow("rolling training is for recurrent networks");
    await expect(refused({ rolling: undefined })).rejects.toThrow("validateEvery 0 means after every pass");
    await expect(refused({ batch: 100 })).rejects.toThrow("a batch of 100 is larger than the 80 examples of a pass");
  });
});
