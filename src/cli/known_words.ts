import { listeningModel, resolveModel, shippedModels } from "../formats/shipped.js";
import { isKeyword } from "../measure/keyword_decision.js";

/**
 * What people should know who ask for a spotter of words that others have recorded: one trained on people misses fewer of them.
 * @param labels of the wanted words
 * @returns undefined where no spotter that comes with earshot has them all
 */
export async function adviceOnKnownWords(labels: readonly string[]): Promise<string | undefined> {
  const spotters = await spottersOf(labels);
  if (spotters.length === 0) return undefined;
  return `${spotters.join(", ")}, which come with earshot and were trained on people, know ${labels.length === 1 ? "this word" : "all of these words"} and miss fewer: earshot listen ${spotters.find((name) => name === listeningModel) ?? spotters[0]}`;
}

/** Names of the spotters that come with earshot and have all of the labels. */
async function spottersOf(labels: readonly string[]): Promise<string[]> {
  const { loadModel } = await import("../formats/model_file.js");
  const found: string[] = [];
  for (const name of shippedModels()) {
    const { labels: known } = await loadModel(resolveModel(name));
    // A body that names phones has labels, too, but neither silence nor other words beside them.
    if (!known.every(isKeyword) && labels.every((label) => known.includes(label))) found.push(name);
  }
  return found;
}
