import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/base/errors.js";
import { parseRecipe } from "../../src/train/recipe.js";

const smallest = { model: { name: "ds_cnn_s" }, frontend: { kind: "mfcc_op" }, data: [{ kind: "sounds", path: "data" }] };
const message = (value: unknown): string => {
  try {
    parseRecipe(value, "recipe.json");
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as Error).message;
  }
  throw new Error("the recipe was taken");
};

describe("recipe", () => {
  it("fills in every default, and a filled-in recipe stays as it is", () => {
    const recipe = parseRecipe(smallest, "recipe.json");
    expect(recipe).toMatchObject({ batch: 100, steps: 10_000, seed: 0, sampling: { order: "balanced" }, rate: 16_000 });
    expect(recipe.augmentation.archived.frameShift).toBe(10);
    expect(parseRecipe(JSON.parse(JSON.stringify(recipe)), "again")).toEqual(recipe);
  });

  it("names the nearest option for an unknown one, at any depth", () => {
    expect(message({ ...smallest, batchs: 10 })).toBe("recipe.json: there is no option 'batchs'; did you mean 'batch'?");
    expect(message({ ...smallest, augmentation: { waveform: { noiseVolum: 1 } } })).toContain(
      "'augmentation.waveform.noiseVolum'; did you mean 'noiseVolume'?",
    );
    expect(message({ ...smallest, optimizer: { kind: "sgd", momentun: 0.9 } })).toContain("did you mean 'momentum'?");
    expect(message({ ...smallest, data: [{ kind: "sounds", path: "a", wieght: 1 }] })).toContain("did you mean 'weight'?");
    expect(message({ ...smallest, zzzzzz: 1 })).toContain("known here: model, from, frontend");
  });

  it("names the place and the value of a wrong one", () => {
    expect(message({ ...smallest, batch: 0 })).toMatch(/'batch' is 0/);
    expect(message({ ...smallest, steps: "many" })).toMatch(/'steps' is "many"/);
    expect(message({ ...smallest, schedule: { kind: "piecewise", rates: [0.1], steps: [1, 2] } })).toContain("as many rates");
    expect(message({ ...smallest, data: [] })).toMatch(/'data'/);
    expect(message({ frontend: smallest.frontend, data: smallest.data })).toMatch(/'model' is missing/);
    expect(message(null)).toMatch(/recipe/);
    expect(message({ ...smallest, sampling: { shares: { low: 2 } } })).toBe(
      "recipe.json: 'sampling.shares.low' is 2: it must be <=1",
    );
    expect(message({ ...smallest, classWeights: ["low"] })).toBe(`recipe.json: 'classWeights' is ["low"]: it must be a table`);
  });
});
