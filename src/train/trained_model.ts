import type { Json, Model } from "../formats/model.js";
import type { Assembly } from "./assemble.js";
import type { Recipe } from "./recipe.js";

/**
 * The model that a training has reached.
 * @param valueOf parameters and buffers by name
 * @param summary figures of the training, such as steps and validation accuracy
 */
export function trainedModel(
  assembly: Assembly,
  recipe: Recipe,
  valueOf: (name: string) => Float32Array,
  summary: { readonly [key: string]: Json },
): Model {
  return {
    graph: assembly.graph,
    frontend: assembly.frontend,
    frontendDescription: recipe.frontend as Model["frontendDescription"],
    labels: assembly.labels,
    parameters: new Map(assembly.graph.parameters.map(({ name }) => [name, valueOf(name).slice()])),
    training: {
      model: recipe.model.name,
      seed: recipe.seed,
      batch: recipe.batch,
      data: recipe.data.map((source) => source.path),
      trainingClips: assembly.data.trainingClips,
      ...summary,
      recipe: JSON.parse(JSON.stringify(recipe)) as Json,
    },
    licence: recipe.licence,
  };
}
