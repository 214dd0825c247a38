import type { Model } from "./model.js";

/** Hz for which a model was trained. */
export function rateOf(model: Model): number {
  const recipe = model.training["recipe"] as { rate?: unknown } | undefined;
  return typeof recipe?.rate === "number" ? recipe.rate : 16_000;
}
