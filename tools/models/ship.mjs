// Makes the models that come with earshot from training runs: node tools/models/ship.mjs NAME=RUN[,start[,averaged]] ...
// Writes models/NAME.safetensors, models/NAME.recipe.json and models/NAME.md (the card). start: the run began with the NAME that comes
// with earshot today, whose recipes are kept as models/NAME.start.recipe.json (and .start.start, ...). averaged: RUN/best.safetensors is
// the mean of the run's weights and those it began with (tools/models/average.mjs).
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { loadModel, saveModel } from "../../dist/formats/model_file.js";

const licence = `Weights: Apache-2.0. Trained on recordings of Speech Commands (Pete Warden, "Speech Commands: A Dataset for
Limited-Vocabulary Speech Recognition", 2018, Google, CC BY 4.0), in part as log-mel images published in
PICO-tinyML-benchmark (thegtagamer, CC BY 4.0). The weights are made from these recordings and hold none of them.`.replaceAll(
  "\n",
  " ",
);
const warning =
  "275 of the training clips and 206 of the validation clips come from speakers of the official testing list of Speech Commands: this model must not be scored on that list.";

/** Where the data lay is nobody's business but the trainer's. */
function withoutPaths(recipe) {
  return {
    ...recipe,
    data: recipe.data.map((s) => ({ ...s, path: `DATA/${basename(s.path)}` })),
    noise: recipe.noise.map((path) => `DATA/${basename(path)}`),
    ...(recipe.from ? { from: { ...recipe.from, model: "START/best.safetensors" } } : {}),
    licence,
  };
}

/** What of the training was synthesised. */
function synthetic(recipe) {
  const junctions = recipe.augmentation.junctions ?? 0;
  const running = recipe.data.some(({ path }) => basename(path) === "running.jsonl");
  if (!running && junctions === 0) return "no synthetic speech";
  return [
    ...(running
      ? ["synthesised running speech without the words (`earshot data running --count 300 --seed 3`) as unknown words"]
      : []),
    ...(junctions > 0
      ? [`${100 * junctions} % of the unknown words are the end of one recording and the beginning of another`]
      : []),
  ].join("; ");
}

/** How a training that went on from another one has begun. */
function beginning(name, recipe, averaged) {
  if (!recipe.from) return "";
  const form = recipe.streaming
    ? " It is trained for streams (`--streaming`): `earshot listen` hears with its context form."
    : "";
  const mean = averaged
    ? " The weights are the mean of the run's and those it began with (`node tools/models/average.mjs OUT START RUN`), which validation liked better than either."
    : "";
  return ` Begun with the weights of a run by \`${name}.start.recipe.json\` (START).${mean}${form}`;
}

/** The threshold of `earshot listen`, where it was chosen on a recording. */
function listening(name, { training: { listening: rule } }) {
  if (rule === undefined) return [];
  const { threshold, falseAcceptsPerHour, missRate, hours } = rule;
  const chosen = `\`earshot evaluate ${name} --stream DEVELOPMENT --truth T --choose-threshold 10/h --keep-threshold ${name}.safetensors\``;
  return [
    "## How it listens",
    "",
    `\`earshot listen\` hears a keyword from a smoothed probability of ${threshold.toFixed(3)} on, chosen with ${chosen} on a recording of validation words in synthesised speech and noise: ${falseAcceptsPerHour.toFixed(1)} false accepts an hour in ${hours.toFixed(1)} hours, ${(100 * missRate).toFixed(1)} % missed. \`--threshold\` takes another one; real speech makes more false accepts (results/detections.txt).`,
    "",
  ];
}

function card(name, model, recipe, evaluation, bytes, averaged) {
  const { evaluation: e } = evaluation;
  const percent = (x) => (x === null ? "-" : `${(x * 100).toFixed(1)} %`);
  const lines = [
    `# ${name}`,
    "",
    `A keyword spotter for ${model.labels.join(" ")}. Network \`${recipe.model.name}\`, ${evaluation.parameters?.toLocaleString("en") ?? "?"} parameters, ${evaluation.multiplyAccumulates?.toLocaleString("en") ?? "?"} multiply-accumulates a clip, ${bytes.toLocaleString("en")} bytes, float32.`,
    "",
    `Input: one second, 16 kHz, mono. The front end is inside the file: \`${JSON.stringify(recipe.frontend)}\`.`,
    "",
    "## How good it is",
    "",
    `${percent(e.accuracy)} of ${e.clips} testing clips of people it never heard (95 % interval ${percent(e.interval[0])} to ${percent(e.interval[1])}; 100 clips of each word, 210 of other words, 60 of noise), measured with \`earshot evaluate ${name} --data DATA/speech_commands --split testing\`.`,
    "",
    "| label | clips | recall | precision |",
    "| --- | ---: | ---: | ---: |",
    ...e.perClass.map((c) => `| ${c.label} | ${c.clips} | ${percent(c.recall)} | ${percent(c.precision)} |`),
    "",
    `**${warning}**`,
    "",
    "## How it was trained",
    "",
    `\`${name}.recipe.json\` with \`earshot train --recipe\` (DATA is where the data lies): ${recipe.steps} steps of ${recipe.batch}, seed ${recipe.seed}; the weights of step ${model.training.bestStep ?? "?"}, best on the validation clips. Speech Commands as 41,973 log-mel arrays and 700 recordings; ${synthetic(recipe)}.${beginning(name, recipe, averaged)}`,
    "",
    ...listening(name, model),
    "## Not good for",
    "",
    `Single words by English speakers close to the microphone are all it knows. ${byItself(name)} It was not tested on children, far microphones or other languages.`,
    "",
    "## Licence and attribution",
    "",
    licence,
    "",
  ];
  return lines.join("\n");
}

/** Whether it was listened with (`npm run prove:detections`). */
function byItself(name) {
  const detections = JSON.parse(readFileSync(new URL("../../results/detections.json", import.meta.url), "utf8"));
  return detections.some(({ model }) => model === name)
    ? "How often it fires by itself on running speech and noise stands in results/detections.txt."
    : "How often it fires by itself on running speech and noise was not measured; it was not trained against it.";
}

/** The recipes by which a model was made move one start back. */
function keepRecipes(name) {
  const fileOf = (starts) => join("models", `${name}${".start".repeat(starts)}.recipe.json`);
  let last = 0;
  while (existsSync(fileOf(last + 1))) last++;
  for (; last >= 0; last--) renameSync(fileOf(last), fileOf(last + 1));
}

mkdirSync("models", { recursive: true });
for (const argument of process.argv.slice(2)) {
  const [name, runs] = argument.split("=");
  const [run, start, averaged] = runs.split(",");
  const model = await loadModel(join(run, "best.safetensors"));
  const recipe = withoutPaths(JSON.parse(readFileSync(join(run, "recipe.json"), "utf8")));
  const evaluation = JSON.parse(readFileSync(join(run, "evaluation.json"), "utf8"));
  const training = { ...model.training, data: recipe.data.map((s) => s.path), recipe, note: warning };
  const path = join("models", `${name}.safetensors`);
  await saveModel(path, { ...model, training, licence });
  if (start === "start") keepRecipes(name);
  writeFileSync(join("models", `${name}.recipe.json`), `${JSON.stringify(recipe, null, 2)}\n`);
  writeFileSync(
    join("models", `${name}.md`),
    card(name, { ...model, training }, recipe, evaluation, statSync(path).size, averaged === "averaged"),
  );
  console.log(`${path}: ${(evaluation.evaluation.accuracy * 100).toFixed(2)} %`);
}
