// What 8-bit integers cost every model of the zoo: trained shortly on the archive's log-mel arrays, then quantized, both measured on the
// archive's validation arrays of people not trained on. Models whose input those arrays do not fit are trained as published, on the 700
// recordings of the training part, and measured on testing recordings.
//   npm run prove:zoo-integers -- DATA [MODEL ...]
//   node tools/prove/zoo_integers.mjs --text   (writes the table anew)
// Writes results/zoo_integers.json, in which the rows of other models stay, and results/zoo_integers.txt from it.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nativeCompiler } from "../../dist/engine/native_target.js";
import { findModel, zooModels } from "../../dist/zoo/index.js";
import { alignedTable, machineLines } from "../bench/bench_report.mjs";
import { recipeOf } from "../models/trainings.mjs";

/** Frames of 10 ms in a second, and bands, in the archive. */
const archive = { frames: 98, bands: 40 };
/** A training that ends below the accuracy is done again with the next number of steps. */
const usualSteps = [500, 2000];
/** Of networks whose step takes seconds. */
const fewSteps = [150, 500];
const heavy = new Set(["conv", "ds_cnn_stream"]);
const stepsOf = (name) => (heavy.has(name) ? fewSteps : usualSteps);
const enough = 0.7;
const clips = 500;

const main = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const earshot = (...args) =>
  JSON.parse(execFileSync(process.execPath, [main, ...args, "--json"], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }));

/**
 * How the archive's arrays become a model's features: every n-th frame, and cosines of the bands where it takes fewer of them. Undefined
 * where it takes samples, or more than a second.
 */
function trainingOf({ frames, features, labels }) {
  if (frames > archive.frames || features > archive.bands || labels === 2 || labels === 3) return undefined;
  const frameStep = Math.round(archive.frames / frames);
  return { frameStep, coefficients: features < archive.bands ? features : 0, rate: 0.002 };
}

/** Trains on the archive's arrays; gives how to calibrate and measure. */
function onArrays(name, training, data, folder) {
  const features = join(data, "features");
  const measuring = ["--calibrate", features, "--features", features];
  return (count, run) => {
    const recipe = recipeOf(name, data, { ...training, steps: count });
    recipe.data = recipe.data.filter((one) => one.kind === "archive").map((one) => ({ ...one, weight: 1 }));
    recipe.validateEvery = count;
    writeFileSync(join(folder, "recipe.json"), JSON.stringify(recipe));
    earshot("train", "--recipe", join(folder, "recipe.json"), "--out", run, "--threads", "1", "--workers", "1");
    return measuring;
  };
}

/** Published trainings of the models whose input the archive's arrays do not fit. */
const published = {
  dnn_raw: "kws_streaming_dnn_raw",
  tiny_sww: "mlperf_tiny_sww",
  mixednet: "micro_wake_word_mixednet",
  mixednet_alexa: "micro_wake_word_mixednet_alexa",
  mixednet_hey_jarvis: "micro_wake_word_mixednet_hey_jarvis",
};

/** Trains as published, on recordings; measured on testing recordings. */
function onRecordings(name, data) {
  const sounds = join(data, "speech_commands");
  const measuring = ["--calibrate", sounds, "--data", sounds, "--split", "testing"];
  return (count, run) => {
    const training = ["--data", sounds, "--steps", `${count}`, "--validate-every", `${count}`];
    earshot("train", published[name], ...training, "--out", run, "--threads", "1", "--workers", "1", "--no-evaluate");
    return measuring;
  };
}

/** Trains with more steps until it is enough, and quantizes. */
function measure(name, train, folder) {
  const out = ["--measure-clips", `${clips}`, "--out", join(folder, "int8.safetensors")];
  for (const count of stepsOf(name)) {
    const run = join(folder, `${name}-${count}`);
    const measuring = train(count, run);
    const { before, after, recurrent } = earshot("quantize", join(run, "best.safetensors"), ...measuring, ...out);
    if (before >= enough || count === stepsOf(name).at(-1)) return { steps: count, float: before, int8: after, recurrent };
  }
}

function rowOf(name, data) {
  const training = trainingOf(findModel(name).published.shape);
  const row = { model: name, date: new Date().toISOString().slice(0, 10) };
  if (training === undefined && published[name] === undefined) return row;
  const folder = mkdtempSync(join(tmpdir(), "earshot-prove-zoo-integers-"));
  try {
    if (training) return { ...row, ...measure(name, onArrays(name, training, data, folder), folder) };
    return { ...row, ...measure(name, onRecordings(name, data), folder), on: "recordings" };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const percent = (x) => `${(100 * x).toFixed(1)} %`;
const points = (x) => (x < 0 ? x.toFixed(1) : `+${x.toFixed(1)}`);

async function textOf(rows) {
  const measured = rows.filter((row) => row.float !== undefined);
  const table = measured.map(({ model, steps: count, float, int8, recurrent, on }) => [
    model,
    count.toLocaleString("en-US"),
    percent(float),
    percent(int8),
    points(100 * (int8 - float)),
    recurrent ?? "",
    on ?? "arrays",
    float < enough ? "below 70 %" : "",
  ]);
  const without = rows.filter((row) => row.float === undefined).map((row) => row.model);
  return [
    ...machineLines(await nativeCompiler()),
    "",
    ...alignedTable(["model", "steps", "float", "int8", "points", "recurrent", "on", ""], table),
    "",
    `npm run prove:zoo-integers: trained for so few steps on the archive's arrays (12 labels), then made integers with 500 training clips;`,
    `accuracy on ${clips} validation arrays. A clip is 0.2 points. recordings: trained as published on the 700 recordings of the training part alone,`,
    `accuracy on ${clips} testing recordings; tiny_sww and mixednet listen for "marvin", which few of them say.`,
    ...(without.length > 0 ? [`Not trained here: ${without.join(", ")}.`] : []),
    "",
  ].join("\n");
}

const file = new URL("../../results/zoo_integers.json", import.meta.url);
const order = new Map(zooModels.map((m, i) => [m.name, i]));
let rows = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : [];

async function write() {
  rows = rows.toSorted((a, b) => order.get(a.model) - order.get(b.model));
  writeFileSync(file, `${JSON.stringify(rows, null, 1)}\n`);
  writeFileSync(new URL("../../results/zoo_integers.txt", import.meta.url), await textOf(rows));
}

const [data, ...named] = process.argv.slice(2);
if (data === undefined) {
  console.error("usage: npm run prove:zoo-integers -- DATA [MODEL ...]\n       node tools/prove/zoo_integers.mjs --text");
  process.exit(2);
}
if (data === "--text") {
  await write();
} else {
  for (const name of named.length > 0 ? named.map((n) => findModel(n).published.name) : zooModels.map((m) => m.name)) {
    try {
      const row = rowOf(name, data);
      rows = [...rows.filter((r) => r.model !== name), row];
      await write();
      console.log(`${name}  ${row.float === undefined ? "not trained" : `${percent(row.float)}, int8 ${percent(row.int8)}`}`);
    } catch (error) {
      console.error(
        `${name}: ${String(error.stderr ?? error.message)
          .trim()
          .split("\n")
          .slice(-3)
          .join("\n")}`,
      );
      process.exitCode = 1;
    }
  }
}
