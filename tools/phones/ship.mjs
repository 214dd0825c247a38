// Writes trained bodies as the model that is shipped: the phone in the middle of what they see, with the voices that they have heard.
import { saveModel } from "../../dist/formats/model_file.js";
import { buildFrontend, featureShape } from "../../dist/frontend/frontend.js";
import { bodyPhones } from "../../dist/zoo/blocks/phrase_paths.js";
import { bodyPath } from "../../dist/zoo/earshot/phrase_net.js";
import { buildModel } from "../../dist/zoo/index.js";

/** Bodies side by side in one network, whose label layer gives the mean of their logits. */
export function joined(bodies) {
  const [first] = bodies;
  if (bodies.length === 1) return first;
  const { model } = first.recipe;
  const parameters = new Map();
  for (const [i, body] of bodies.entries())
    for (const [name, values] of body.parameters)
      if (name.startsWith("body.")) parameters.set(name.replace("body", bodyPath(i)), values);
  const kernels = bodies.map((body) => body.parameters.get("phones.kernel"));
  parameters.set("phones.kernel", Float32Array.from(kernels.flatMap((kernel) => [...kernel].map((x) => x / bodies.length))));
  const biases = bodies.map((body) => body.parameters.get("phones.bias"));
  const mean = (_, phone) => biases.reduce((sum, bias) => sum + bias[phone] / bodies.length, 0);
  parameters.set("phones.bias", Float32Array.from(biases[0], mean));
  const each = (option) => bodies.flatMap((body) => body.recipe.model.options[option]);
  const options = { ...model.options, bodies: each("bodies"), filters: each("filters") };
  return { recipe: { ...first.recipe, model: { ...model, options } }, parameters };
}

export async function ship({ recipe, parameters }, path, { voices, figures }) {
  const sound = { samples: recipe.samples, rate: recipe.rate };
  const graph = buildModel(recipe.model.name, recipe.model.options, {
    ...featureShape(recipe.frontend, sound),
    labels: bodyPhones.length,
  });
  const persons = [...new Set(voices.map((voice) => (voice === "kal16" ? "kal" : voice.split("+")[0])))].toSorted();
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
    licence:
      "Apache-2.0; trained on Speech Commands (CC BY 4.0) and on speech of Flite's voices (CMU, BSD-style licence) and of espeak-ng",
  });
}
