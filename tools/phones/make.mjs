// Trains the body that own words start from, models/phones.safetensors: it names the phone in the middle of 0.41 s.
//   npm run make:phones -- DATA OUT [--utterances 12000] [--windows 300000] [--steps 8000] [--first-steps 3000] [--per-word 700]
// DATA holds features/ as ../shared/data/unpack leaves it: people saying the 35 words of Speech Commands, of which the training part is
// taken. Their phones are found by a first model, which has heard synthetic speech alone. The voices awb and rms are in neither.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { parseRecipe } from "../../dist/train/recipe.js";
import { train } from "../../dist/train/train.js";
import { bodyPhones } from "../../dist/zoo/blocks/phrase_paths.js";
import { publishedRecipe } from "../../dist/zoo/recipes/index.js";
import { alignPeople } from "./align.mjs";
import { ship } from "./ship.mjs";
import { speakPhones } from "./speak.mjs";
import { writeWindows } from "./windows.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    utterances: { type: "string", default: "12000" },
    windows: { type: "string", default: "300000" },
    steps: { type: "string", default: "8000" },
    "first-steps": { type: "string", default: "3000" },
    "per-word": { type: "string", default: "700" },
    seed: { type: "string", default: "1" },
  },
});
const [data, out] = positionals;
const seed = Number(values.seed);
const { frontend } = publishedRecipe("phone_net");
/** kal is quick to speak, slt takes ten times as long. */
const voices = ["slt", "kal16", "kal16", "kal"];

/** One stage; what is there already is not made again. */
async function stage(name, make) {
  const folder = join(out, name);
  if (existsSync(folder)) return folder;
  const started = performance.now();
  await make(folder);
  console.error(`${name}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
  return folder;
}

function recipeOf(windows, steps) {
  const published = { ...publishedRecipe("phone_net"), task: { words: [...bodyPhones], silence: false, unknown: false } };
  const validateEvery = Math.max(1, Math.round(steps / 4));
  return parseRecipe({ ...published, data: [{ kind: "archive", path: windows }], steps, validateEvery, seed }, "make:phones");
}

// Hundreds of thousands of windows are too many for the heaps of the loader's workers.
const training = { workers: 0, talk: true };
const speech = await stage("speech", (folder) => speakPhones(folder, { count: Number(values.utterances), seed, voices }));
const firstWindows = await stage("first_windows", (root) =>
  writeWindows(root, { count: Number(values.windows) / 2, seed, sources: [{ folder: speech, share: 1 }], frontend }),
);
const first = await stage("first", (folder) =>
  train(recipeOf(firstWindows, Number(values["first-steps"])), { out: folder, ...training }),
);
const people = await stage("people", (folder) =>
  alignPeople(folder, {
    archive: join(data, "features"),
    model: join(first, "best.safetensors"),
    perWord: Number(values["per-word"]),
    seed,
  }),
);
const sources = [
  { folder: speech, share: 1 },
  { folder: people, share: 0.8 },
];
const windows = await stage("windows", (root) =>
  writeWindows(root, { count: Number(values.windows), seed: seed + 1, sources, frontend }),
);
const body = await stage("body", (folder) => train(recipeOf(windows, Number(values.steps)), { out: folder, ...training }));
const shipped = join(out, "phones.safetensors");
await ship(join(body, "best.safetensors"), shipped, voices);
console.log(shipped);
