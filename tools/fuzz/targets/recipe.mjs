import { buildFrontend, describeFrontend } from "../../../dist/frontend/frontend.js";
import { parseRecipe } from "../../../dist/train/recipe.js";
import { parseRecipeText } from "../../../dist/train/run_folder.js";
import { buildModel, modelNames } from "../../../dist/zoo/index.js";
import { publishedRecipe } from "../../../dist/zoo/recipes/index.js";
import { awkwardTexts, encode, jsonText, misspell, mutateBytes, mutateValue, noise } from "../mutate.mjs";

const lists = [
  "",
  "(3,3),(5,3)",
  "64,64",
  "((((((((((1))))))))))",
  "'relu','linear'",
  "1e99",
  "(3,",
  "[".repeat(9999),
  ...awkwardTexts,
];

/** A complete recipe: every option of it can be changed. */
function recipe(random) {
  const name = random.pick(["ds_cnn_s", "ds_cnn_l", "dnn_s", "cnn_m", "crnn", "svdf"]);
  const full = parseRecipe({ ...publishedRecipe(name), data: [{ kind: "sounds", path: "data", weight: 1 }] }, "recipe");
  const value = structuredClone(full);
  if (random.integer(4) === 0) {
    const options = [
      "cnnFilters",
      "cnn_filters",
      "units",
      "layers",
      "gruUnits",
      "gru_units",
      "svdf_units1",
      "dropout",
      "filters",
      "strides",
    ];
    value.model.options[random.integer(3) === 0 ? misspell(random, random.pick(options)) : random.pick(options)] =
      random.pick(lists);
  }
  if (random.integer(16) === 0) value.model.name = misspell(random, random.pick(modelNames()));
  return value;
}

export const name = "recipe";

export function generate(random) {
  const kind = random.integer(16);
  if (kind === 0) return noise(random);
  if (kind === 1)
    return encode(random.pick(["[", '{"a":', '{"model":{"name":', "1", '"\\u', "\n"]).repeat(random.integer(20_000)));
  if (kind < 5) return mutateBytes(random, encode(JSON.stringify(recipe(random), null, 2)));
  const value = recipe(random);
  return encode(jsonText(random, kind < 14 ? mutateValue(random, value) : value));
}

/** From the text to the graphs that a training would run. */
export function run(bytes) {
  const parsed = parseRecipe(parseRecipeText(new TextDecoder().decode(bytes), "case.json"), "case.json");
  const { samples, rate, model } = parsed;
  const frontend = buildFrontend(describeFrontend(parsed.frontend), { samples, rate });
  const [, frames, features] = frontend.outputs[0].value.type.shape;
  buildModel(model.name, model.options, { frames, features, labels: 12 });
}
