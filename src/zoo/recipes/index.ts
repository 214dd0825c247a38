import { findModel } from "../index.js";
import type { ZooModel } from "../model.js";
import { crnnRecipe } from "./crnn.js";
import { helloEdgeRecipe } from "./hello_edge.js";
import type { PublishedRecipe } from "./recipe.js";
import { svdfRecipe } from "./svdf.js";

const recipes: Readonly<Record<string, (model: ZooModel) => PublishedRecipe>> = {
  "hello_edge/dnn": helloEdgeRecipe,
  "hello_edge/cnn": helloEdgeRecipe,
  "hello_edge/ds_cnn": helloEdgeRecipe,
  "kws_streaming/svdf": svdfRecipe,
  "kws_streaming/crnn": crnnRecipe,
};

/**
 * The published training of a model: a recipe that wants only its data.
 * @throws UsageError listing the names
 */
export function publishedRecipe(name: string): PublishedRecipe {
  const { published } = findModel(name);
  const recipe = recipes[published.architecture] as (model: ZooModel) => PublishedRecipe;
  return recipe(published);
}

export type { PublishedRecipe } from "./recipe.js";
