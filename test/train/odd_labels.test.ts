import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { assemble } from "../../src/train/assemble.js";
import { parseRecipe } from "../../src/train/recipe.js";
import { toneDataset, toneRecipe } from "./tones.js";

// Every loss was NaN: an object's own constructor was taken for the label's weight.
it("a word may be called as what every object has", async () => {
  const data = toneDataset(2);
  renameSync(join(data, "high"), join(data, "constructor"));
  for (const split of ["training", "validation", "testing"]) {
    const list = join(data, `${split}_list.txt`);
    writeFileSync(list, readFileSync(list, "utf8").replaceAll("high/", "constructor/"));
  }
  const task = { words: ["low", "constructor"], silence: true, unknown: false };
  const { plan } = await assemble(parseRecipe({ ...toneRecipe(data), task, classWeights: { low: 2 } }, "recipe"));
  expect([...plan.classWeights]).toEqual([1, 2, 1]);
});
