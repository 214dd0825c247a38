// Averages the weights of models with one network and front end, as of two trainings from one start (Wortsman et al. 2022, "Model soups"):
//   node tools/models/average.mjs OUT.safetensors MODEL MODEL ...
import { loadModel, saveModel } from "../../dist/formats/model_file.js";
import { resolveModel } from "../../dist/formats/shipped.js";

const [out, ...files] = process.argv.slice(2);
if (files.length < 2) {
  console.error("usage: node tools/models/average.mjs OUT.safetensors MODEL MODEL ...");
  process.exit(2);
}
const models = await Promise.all(files.map((file) => loadModel(resolveModel(file))));
const [first] = models;
const parameters = new Map();
for (const [name, values] of first.parameters) {
  const all = models.map((m) => m.parameters.get(name));
  if (all.some((v) => v?.length !== values.length)) throw new Error(`${name} is not of one shape in all models`);
  parameters.set(
    name,
    Float32Array.from(values, (_, i) => all.reduce((sum, v) => sum + v[i], 0) / all.length),
  );
}
// What is said of the training is the last one's.
await saveModel(out, { ...models.at(-1), parameters });
