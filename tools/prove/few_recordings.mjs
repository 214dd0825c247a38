// How accuracy grows with few recordings a word, from scratch, from a model that never heard these words, and from that with synthetic ones:
//   npm run prove:few-recordings -- DATA [--seeds 3] [--steps 600] [--pretrain-steps 4000] [--counts 5,10,20,56] [--model ds_cnn_s]
// DATA holds speech_commands/ and features/ as ../shared/data/unpack leaves them. Writes results/few_recordings.txt.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { RandomStream } from "../../dist/base/random.js";
import { openDataset } from "../../dist/corpus/dataset.js";
import { synthesizeDataset } from "../../dist/corpus/synthesize.js";
import { loadModel } from "../../dist/formats/model_file.js";
import { findShippedModel } from "../../dist/formats/shipped.js";
import { evaluateSpotter } from "../../dist/measure/evaluate.js";
import { openSpotter } from "../../dist/measure/spotter.js";
import { parseRecipe } from "../../dist/train/recipe.js";
import { soundSet } from "../../dist/train/sources.js";
import { train } from "../../dist/train/train.js";

/** The words that the pretrained model never heard; it is pretrained on the seven other keywords and the 25 other words. */
const newWords = ["yes", "stop", "left"];
const otherKeywords = ["no", "up", "down", "right", "on", "off", "go"];
const otherWords =
  "zero one two three four five six seven eight nine bed bird cat dog happy house marvin sheila tree wow backward forward follow learn visual".split(
    " ",
  );

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: "string", default: "3" },
    steps: { type: "string", default: "600" },
    "pretrain-steps": { type: "string", default: "4000" },
    counts: { type: "string", default: "5,10,20,56" },
    model: { type: "string", default: "ds_cnn_s" },
    pretrained: { type: "string" },
  },
});
const [data] = positionals;
if (!data) {
  console.error("usage: npm run prove:few-recordings -- DATA [--seeds n] [--steps n] [--pretrain-steps n] [--counts list]");
  process.exit(2);
}
const seeds = Number(values.seeds);
const steps = Number(values.steps);
const counts = values.counts.split(",").map(Number);
const clipsFolder = join(data, "speech_commands");
const work = mkdtempSync(join(tmpdir(), "earshot-few-"));
process.on("exit", () => rmSync(work, { recursive: true, force: true }));
const began = performance.now();

// The shipped model gives its front end alone, which is that of the archive; its weights know all ten keywords.
const { frontendDescription: frontend } = await loadModel(findShippedModel(values.model));
const common = {
  model: { name: values.model },
  frontend,
  noise: [join(clipsFolder, "_background_noise_")],
  optimizer: { kind: "adamw", weightDecay: 0.001 },
  labelSmoothing: 0.05,
};
const masks = { timeMasks: 1, timeMaskSize: 12, frequencyMasks: 1, frequencyMaskSize: 5, probability: 0.5 };

async function run(name, recipe) {
  const out = join(work, name);
  const outcome = await train(parseRecipe({ ...common, ...recipe }, name), { out, talk: false });
  return { ...outcome, model: join(out, "best.safetensors") };
}

async function pretrain() {
  if (values.pretrained) return { model: resolve(values.pretrained), bestAccuracy: null, seconds: 0 };
  const count = Number(values["pretrain-steps"]);
  return run("pretrained", {
    data: [{ kind: "archive", path: join(data, "features") }],
    noise: [],
    task: { words: [...otherKeywords, ...otherWords], silence: true, unknown: false },
    augmentation: { specAugment: masks },
    sampling: { shares: { _silence_: 0.04 } },
    schedule: { kind: "cosine", rate: 0.004, warmup: 200 },
    steps: count,
    validateEvery: Math.ceil(count / 4),
  });
}

const dataset = openDataset(clipsFolder, { words: newWords });
const kept = dataset.clips.filter(({ word }) => newWords.includes(word) || otherWords.includes(word) || word === "_silence_");
const ofTraining = kept.filter(({ split, kind }) => split === "training" && kind === "file");
const testing = kept.filter(({ split }) => split === "testing");

/** A manifest with `count` recordings of each new word and all training clips of the other words. */
function manifest(count, seed) {
  const clips = ofTraining.filter(({ label }) => label === "_unknown_");
  for (const [i, word] of newWords.entries()) {
    const own = ofTraining.filter(({ label }) => label === word);
    clips.push(...new RandomStream(seed, i, 0x666577).shuffle(own).slice(0, count));
  }
  const file = join(work, `${count}-${seed}.jsonl`);
  const line = ({ path, label }) => JSON.stringify({ path: resolve(path), label, split: "training" });
  writeFileSync(file, `${clips.map(line).join("\n")}\n`);
  return file;
}

async function accuracyOf(model) {
  const spotter = await openSpotter(model);
  try {
    const { evaluation } = await evaluateSpotter(spotter, [soundSet(testing, spotter.labels)]);
    const found = evaluation.perClass.filter(({ label }) => newWords.includes(label)).map(({ recall }) => recall);
    return { accuracy: evaluation.accuracy, recall: found.reduce((a, b) => a + b, 0) / found.length };
  } finally {
    spotter.close();
  }
}

const synthetic = join(work, "synthetic");
await synthesizeDataset({ words: newWords, perWord: 200, unknownWords: otherWords, unknownPerWord: 12, seed: 0, out: synthetic });
const pretrained = await pretrain();
const from = { model: pretrained.model, freezeSteps: Math.round(steps / 6), bodyRate: 0.3 };

const ways = [
  { name: "from scratch", mark: "o", recipe: {} },
  { name: "from the pretrained model", mark: "*", recipe: { from } },
  { name: "pretrained, and synthetic clips", mark: "#", recipe: { from }, mixed: true },
];
for (const way of ways) {
  way.points = [];
  for (const count of counts) {
    const results = [];
    for (let seed = 0; seed < seeds; seed++) {
      const real = { kind: "sounds", path: manifest(count, seed), weight: 1 };
      const sources = way.mixed ? [real, { kind: "sounds", path: synthetic, weight: 0.5, validate: false }] : [real];
      const { model } = await run(`${ways.indexOf(way)}-${count}-${seed}`, {
        ...way.recipe,
        data: sources,
        task: { words: newWords, silence: true, unknown: true },
        augmentation: { waveform: { resample: 0.15 }, specAugment: masks },
        sampling: { shares: { _silence_: 0.1, _unknown_: 0.3 } },
        schedule: { kind: "cosine", rate: 0.003, warmup: 50 },
        steps,
        validateEvery: steps,
        seed,
      });
      results.push(await accuracyOf(model));
      console.error(`${way.name}, ${count} recordings, seed ${seed}: ${(100 * results.at(-1).accuracy).toFixed(2)} %`);
    }
    const mean = (key) => results.reduce((sum, result) => sum + result[key], 0) / results.length;
    const deviation = Math.sqrt(
      results.reduce((sum, { accuracy }) => sum + (accuracy - mean("accuracy")) ** 2, 0) / Math.max(1, results.length - 1),
    );
    way.points.push({ count, accuracy: mean("accuracy"), deviation, recall: mean("recall") });
  }
}

const percent = (x) => (100 * x).toFixed(1);
/** Accuracy upwards, recordings to the right. */
function figure() {
  const [low, high] = [50, 100];
  const lines = [];
  for (let level = high; level >= low; level -= 2.5) {
    const cells = counts.map((_, i) => {
      const marks = ways.filter(({ points }) => Math.abs(Math.max(low, 100 * points[i].accuracy) - level) <= 1.25);
      return marks
        .map(({ mark }) => mark)
        .join("")
        .padStart(10);
    });
    lines.push(`${level % 10 === 0 ? String(level).padStart(5) : "     "} |${cells.join("")}`.trimEnd());
  }
  lines.push(`      +${"-".repeat(10 * counts.length)}`, `       ${counts.map((count) => String(count).padStart(10)).join("")}`);
  return [...lines, "", ...ways.map(({ mark, name }) => `  ${mark}  ${name}`)];
}

const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
const silence = testing.filter(({ label }) => label === "_silence_").length;
const unknown = testing.filter(({ label }) => label === "_unknown_").length;
const pretraining =
  pretrained.bestAccuracy === null
    ? "a model that was given"
    : `${values.model}, ${values["pretrain-steps"]} steps on ${pretrained.trainingClips} arrays of real people saying ${otherKeywords.length + otherWords.length} other words, ${percent(pretrained.bestAccuracy)} % of its validation arrays right`;
const lines = [
  `${new Date().toISOString().slice(0, 10)}, commit ${commit}, ${cpus()[0].model}, ${cpus().length} cores, Node ${process.version}`,
  `npm run prove:few-recordings -- DATA --seeds ${seeds} --steps ${steps} --pretrain-steps ${values["pretrain-steps"]} --counts ${values.counts} --model ${values.model}`,
  "",
  `New words: ${newWords.join(", ")}. Pretrained: ${pretraining}.`,
  `Trained on: so many recordings of each new word, and the ${ofTraining.filter(({ label }) => label === "_unknown_").length} training clips of other words. ${steps} steps; nothing is chosen by validation.`,
  `Tested on ${testing.length} clips of speakers that no training had: ${testing.length - unknown - silence} of the new words, ${unknown} of other words, ${silence} of silence. Mean of ${seeds} draws +- standard deviation.`,
  "",
  `${"recordings a word".padEnd(34)}${counts.map((count) => String(count).padStart(14)).join("")}`,
  ...ways.flatMap(({ name, points }) => [
    `${name.padEnd(34)}${points.map((p) => `${percent(p.accuracy)} +- ${percent(p.deviation)}`.padStart(14)).join("")}`,
    `${"  of the new words alone".padEnd(34)}${points.map((p) => percent(p.recall).padStart(14)).join("")}`,
  ]),
  "",
  "per cent right of all testing clips",
  ...figure(),
  "",
  `all in ${((performance.now() - began) / 60_000).toFixed(1)} minutes`,
];
mkdirSync("results", { recursive: true });
writeFileSync("results/few_recordings.txt", `${lines.join("\n")}\n`);
console.log(lines.join("\n"));
