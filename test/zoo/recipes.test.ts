import { describe, expect, it } from "vitest";
import { featureShape } from "../../src/frontend/frontend.js";
import { parseRecipe } from "../../src/train/recipe.js";
import { zooModels } from "../../src/zoo/index.js";
import { publishedRecipe } from "../../src/zoo/recipes/index.js";

describe.each(zooModels)("$name", ({ name, frontend, shape, samples = 16_000 }) => {
  it("has a front end that gives the published input from a clip", () => {
    const { frames, features } = featureShape(frontend, { samples, rate: 16_000 });
    expect({ frames, features }).toEqual({ frames: shape.frames, features: shape.features });
  });

  it("has a published training that, given data, is a recipe and runs through its whole schedule", () => {
    const published = publishedRecipe(name);
    const recipe = parseRecipe({ ...published, data: [{ kind: "sounds", path: "data" }] }, name);
    expect(recipe).toMatchObject({ model: { name }, frontend, samples, steps: published.steps, batch: published.batch });
    const { schedule } = recipe;
    if (schedule.kind === "piecewise") expect(schedule.steps.reduce((a, b) => a + b)).toBe(recipe.steps);
    else expect(schedule.kind).toMatch(/exponential|cosine|constant/);
  });
});
