import { loadModel } from "../../dist/formats/model_file.js";
import { resolveModel, shippedModels } from "../../dist/formats/shipped.js";

/** Names of the models that come with earshot and know the ten words; phones is a body to start from. */
export async function keywordModels() {
  const names = [];
  for (const name of shippedModels()) if ((await loadModel(resolveModel(name))).labels.includes("yes")) names.push(name);
  return names;
}
