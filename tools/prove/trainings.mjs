// Trains networks of the zoo in earnest and measures them on the testing recordings, float and int8, beside those that come with earshot:
//   npm run prove:trainings -- DATA RUNS [NAME ...] [--threads N]
// DATA holds features/ and speech_commands/; the runs are written into the folder RUNS, and one that is finished there is taken as it is.
//   npm run prove:trainings -- --text   (writes table and plot anew)
// Writes results/trainings.json, in which the rows of other networks stay, and results/trainings.txt and .svg from it.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { nativeCompiler } from "../../dist/engine/native_target.js";
import { resolveModel, shippedModels } from "../../dist/formats/shipped.js";
import { alignedTable, machineLines } from "../bench/bench_report.mjs";
import { recipeOf, shipped, trainings } from "../models/trainings.mjs";
import { plotOf } from "./trainings_plot.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { threads: { type: "string", default: "2" }, text: { type: "boolean", default: false } },
});
const [data, runs, ...named] = positionals;
if (!values.text && (!data || !runs)) {
  console.error("usage: npm run prove:trainings -- DATA RUNS [NAME ...] [--threads N]\n       npm run prove:trainings -- --text");
  process.exit(2);
}
const unknown = named.filter((name) => !(name in trainings) && !(name in shipped));
if (unknown.length > 0) {
  console.error(
    `prove:trainings: no training of ${unknown.join(", ")}; there are ${Object.keys({ ...trainings, ...shipped }).join(", ")}`,
  );
  process.exit(2);
}

const main = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const native = await nativeCompiler();
const folder = mkdtempSync(join(tmpdir(), "earshot-prove-trainings-"));
const sounds = join(data ?? "", "speech_commands");
const features = join(data ?? "", "features");
const earshot = (...args) =>
  JSON.parse(
    execFileSync(process.execPath, [main, ...args, "--json"], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }),
  );
const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();

/** The model of a network, trained unless its run is there. */
function modelOf(name) {
  if (name in shipped) return resolveModel(name);
  const run = join(runs, name);
  // The report is the last thing that a training writes.
  if (!existsSync(join(run, "report.html"))) {
    mkdirSync(runs, { recursive: true });
    const recipe = join(folder, `${name}.recipe.json`);
    writeFileSync(recipe, JSON.stringify(recipeOf(name, data)));
    const how = existsSync(join(run, "recipe.json")) ? ["--resume", run] : ["--recipe", recipe, "--out", run];
    const { status } = spawnSync(process.execPath, [main, "train", ...how, "--threads", values.threads], { stdio: "inherit" });
    if (status !== 0) throw new Error(`the training of ${name} ended with ${status}`);
  }
  return join(run, "best.safetensors");
}

function rowOf(name) {
  const model = modelOf(name);
  const integer = join(folder, `${name}_int8.safetensors`);
  const quantized = earshot("quantize", model, "--calibrate", features, "--features", features, "--out", integer);
  const { parameters, multiplyAccumulates } = earshot("profile", model);
  const testing = (file) => earshot("evaluate", file, "--data", sounds, "--split", "testing");
  const float = testing(model);
  return {
    name,
    commit,
    date: new Date().toISOString().slice(0, 10),
    steps: trainings[name]?.steps,
    ...shipped[name],
    parameters,
    multiplyAccumulates,
    accuracy: float.accuracy,
    interval: float.interval,
    int8Accuracy: testing(integer).accuracy,
    validation: quantized.before,
    int8Validation: quantized.after,
    bytes: statSync(model).size,
    int8Bytes: statSync(integer).size,
  };
}

const percent = (x) => `${(100 * x).toFixed(2)} %`;
const points = (x) => (x < 0 ? x.toFixed(2) : `+${x.toFixed(2)}`);
const whole = (x) => x.toLocaleString("en-US");

function textOf(rows) {
  const table = rows.map((row) => [
    row.name,
    whole(row.parameters),
    whole(row.multiplyAccumulates),
    percent(row.accuracy),
    row.interval.map((x) => (100 * x).toFixed(1)).join(" to "),
    row.twin === undefined ? "" : `${row.twin.toFixed(2)} %${row.of === undefined ? "" : ` (${row.of})`}`,
    percent(row.int8Accuracy),
    percent(row.validation),
    points(100 * (row.int8Validation - row.validation)),
    row.steps === undefined ? "ships" : whole(row.steps),
    row.commit,
  ]);
  const heads = [
    "network",
    "parameters",
    "products",
    "testing",
    "95 %",
    "PyTorch twin",
    "int8",
    "validation",
    "int8",
    "steps",
    "commit",
  ];
  return `${machineLines(native).join("\n")}

${alignedTable(heads, table, 1).join("\n")}

npm run prove:trainings -- DATA RUNS. testing: 1,270 recordings of people not trained on; int8 beside it: the same with 8-bit integers.
validation: the archive's validation arrays, and the points that int8 gains or loses there. products: multiply-accumulates a clip.
Each network was trained once, with one seed; the model is the best on validation.
`;
}

const file = new URL("../../results/trainings.json", import.meta.url);
const rows = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : [];

function writeResults() {
  rows.sort((a, b) => b.accuracy - a.accuracy);
  writeFileSync(file, `${JSON.stringify(rows, null, 1)}\n`);
  writeFileSync(new URL("../../results/trainings.txt", import.meta.url), textOf(rows));
  writeFileSync(new URL("../../results/trainings.svg", import.meta.url), plotOf(rows, shippedModels()));
}

const all = values.text ? [] : [...Object.keys(shipped), ...Object.keys(trainings)];
try {
  if (values.text) writeResults();
  for (const name of named.length > 0 ? named : all) {
    const row = rowOf(name);
    const place = rows.findIndex((r) => r.name === name);
    if (place < 0) rows.push(row);
    else rows[place] = row;
    writeResults();
    console.log(`${name}  ${percent(row.accuracy)}, int8 ${percent(row.int8Accuracy)}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
