import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { assemble } from "../../src/train/assemble.js";
import { parseRecipe } from "../../src/train/recipe.js";
import { toneDataset, toneRecipe } from "./tones.js";

/** Tones of which one word has another name. */
function renamedDataset(word: string): string {
  const data = toneDataset(2);
  renameSync(join(data, "high"), join(data, word));
  for (const split of ["training", "validation", "testing"]) {
    const list = join(data, `${split}_list.txt`);
    writeFileSync(list, readFileSync(list, "utf8").replaceAll("high/", `${word}/`));
  }
  return data;
}

// Every loss was NaN: an object's own constructor was taken for the label's weight.
it("a word may be called as what every object has", async () => {
  const data = renamedDataset("constructor");
  const task = { words: ["low", "constructor"], silence: true, unknown: false };
  const { plan } = await assemble(parseRecipe({ ...toneRecipe(data), task, classWeights: { low: 2 } }, "recipe"));
  expect([...plan.classWeights]).toEqual([1, 2, 1]);
});

// It would answer that label whatever it hears.
it("one label is refused", async () => {
  const task = { words: ["low"], silence: false, unknown: false };
  const recipe = parseRecipe({ ...toneRecipe(toneDataset(2)), task }, "recipe");
  await expect(assemble(recipe)).rejects.toThrow(
    /there is the one label low, and nothing to tell it from; .*--silence, --unknown/,
  );
});

// Shares and weights of such labels were dropped on the way from the recipe.
it.each(["constructor", "__proto__", "prototype"])("the share and the weight of a word called %s count", async (word) => {
  const task = { words: ["low", word], silence: false, unknown: false };
  const sampling = { shares: Object.fromEntries([[word, 0.75]]) };
  const classWeights = Object.fromEntries([[word, 3]]);
  const given = parseRecipe({ ...toneRecipe(renamedDataset(word)), task, sampling, classWeights }, "recipe");
  const again = parseRecipe(JSON.parse(JSON.stringify(given)), "again");
  const { plan } = await assemble(again);
  expect([[...plan.shares], [...plan.classWeights]]).toEqual([[[1, 0.75]], [1, 3]]);
});
