// Writes a trained body as the model that is shipped: with the voices that it has heard, and its licence.
import { loadModel, saveModel } from "../../dist/formats/model_file.js";

export async function ship(trained, path, voices) {
  const model = await loadModel(trained);
  const { recipe, ...training } = model.training;
  // Where the windows lay on the machine that trained it means nothing elsewhere.
  const data = recipe.data.map((source) => ({ ...source, path: "WINDOWS" }));
  const persons = [...new Set(voices.map((voice) => (voice === "kal16" ? "kal" : voice)))].toSorted();
  await saveModel(path, {
    ...model,
    training: { ...training, data: ["WINDOWS"], recipe: { ...recipe, data }, voices: persons },
    licence: "Apache-2.0; trained on Speech Commands (CC BY 4.0) and on speech of Flite's voices (CMU, BSD-style licence)",
  });
}
