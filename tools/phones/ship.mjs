// Writes a trained body as the model that is shipped: the phone in the middle of what the body sees, with the voices that it has heard.
import { saveModel } from "../../dist/formats/model_file.js";
import { buildFrontend, featureShape } from "../../dist/frontend/frontend.js";
import { bodyPhones } from "../../dist/zoo/blocks/phrase_paths.js";
import { buildModel } from "../../dist/zoo/index.js";

export async function ship({ recipe, parameters }, path, { voices, figures }) {
  const sound = { samples: recipe.samples, rate: recipe.rate };
  const graph = buildModel(recipe.model.name, recipe.model.options, {
    ...featureShape(recipe.frontend, sound),
    labels: bodyPhones.length,
  });
  const persons = [...new Set(voices.map((voice) => (voice === "kal16" ? "kal" : voice)))].toSorted();
  await saveModel(path, {
    graph,
    frontend: buildFrontend(recipe.frontend, sound),
    frontendDescription: recipe.frontend,
    labels: [...bodyPhones],
    parameters: new Map(graph.parameters.map(({ name }) => [name, parameters.get(name)])),
    training: {
      model: recipe.model.name,
      seed: recipe.seed,
      batch: recipe.batch,
      steps: recipe.steps,
      validation: figures.map(({ frames, right }) => ({ frames, right })),
      voices: persons,
      recipe: JSON.parse(JSON.stringify(recipe)),
    },
    licence: "Apache-2.0; trained on Speech Commands (CC BY 4.0) and on speech of Flite's voices (CMU, BSD-style licence)",
  });
}
