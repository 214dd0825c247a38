import type { Model } from "../formats/model.js";

const pathKernel = "phrase.path.kernel";
/** Label layer of the wide head and what training adds to the body's phones on the paths; all zero where nothing is learnt. */
const learnt = ["phrase.classifier.kernel", "phrase.classifier.bias", pathKernel, "phrase.path.bias"];

/**
 * A spotter of own words half way back to what it knew before: the mean of the trained weights and of those of a head that finds phrases by the
 * body's phones alone (WiSE-FT, Wortsman et al. 2022). The body has heard people, the head a few synthetic voices only; what it learns from them
 * beyond the body's phones holds for people by half.
 * @param share of what was learnt that is kept
 * @returns the model itself where it has no paths through phones
 */
export function shrinkHead(model: Model, share: number): Model {
  if (!model.parameters.has(pathKernel)) return model;
  const parameters = new Map(model.parameters);
  for (const name of learnt)
    parameters.set(
      name,
      Float32Array.from(model.parameters.get(name) as Float32Array, (value) => share * value),
    );
  return { ...model, parameters };
}
