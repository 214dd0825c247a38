// Streaming of the five networks, float and int8 (ranges from training arrays): accuracy on the testing sounds as a clip model and
// streamed, largest difference of --check, what a stream costs, and what it takes as a C program on a Cortex-M4F:
//   npm run prove:stream -- DATA/features DATA/speech_commands RECORDING [NAME=MODEL ...]
// MODEL is a file or the name of a model that comes with earshot; default: those that come with earshot. Writes results/stream.json,
// in which the rows of other models stay, and results/stream.txt from it.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { resolveModel } from "../../dist/formats/shipped.js";
import { alignedTable } from "../bench/bench_report.mjs";
import { keywordModels } from "../models/keyword_models.mjs";

const [features, sounds, recording, ...named] = process.argv.slice(2);
if (!features || !sounds || !recording) {
  console.error("usage: npm run prove:stream -- DATA/features DATA/speech_commands RECORDING [NAME=MODEL ...]");
  process.exit(2);
}
const models =
  named.length === 0
    ? (await keywordModels()).map((name) => [name, name])
    : named.map((n) => (n.includes("=") ? n.split("=") : [n, n]));

const main = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "earshot-prove-stream-"));
const core = "cortex-m4";
/** What stands before a clip matters, and by chance: the clips follow each other in so many orders. */
const orders = 5;
const earshot = (...args) =>
  JSON.parse(
    execFileSync(process.execPath, [main, ...args, "--json"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
  );
const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();

const testing = ["--data", sounds, "--split", "testing"];
const accuracyOf = (file, ...more) => earshot("evaluate", file, ...testing, ...more).accuracy;

/** Flash, RAM and stack of the exported program. */
function sizesInC(file, name) {
  const made = earshot("export", file, "--to", "c", "--cpu", core, "--out", join(folder, `${name}_c`));
  const { flashBytes = null, flashDataBytes, ramBytes, stackBytes = null } = made;
  return { flashBytes, flashDataBytes, ramBytes, stackBytes };
}

function formRow(common, file, form) {
  const streaming = join(folder, `${common.model}_${common.kind}_${form}.safetensors`);
  const report = earshot("stream", file, "--form", form, "--out", streaming, "--check", recording);
  const [check] = report.checks;
  const accuracy = accuracyOf(streaming, "--stream-clips", form, ...(form === "context" ? ["--reset"] : []));
  const inOrder = (_, n) => accuracyOf(streaming, "--stream-clips", form, "--order", String(n));
  const running = form === "context" ? { accuraciesWithoutReset: Array.from({ length: orders }, inOrder) } : {};
  const { resultMs, receptiveFieldMs, delayMs, stateBytes, multiplyAccumulatesPerSecond } = report;
  return {
    ...common,
    form,
    accuracy,
    ...running,
    largestDifference: check.largest,
    compared: check.compared,
    resultMs,
    receptiveFieldMs,
    delayMs,
    stateBytes,
    multiplyAccumulatesPerSecond,
    fileBytes: statSync(streaming).size,
    ...sizesInC(streaming, `${common.model}_${common.kind}_${form}`),
  };
}

function rowsOf(name, model) {
  const rows = [];
  const integer = join(folder, `${name}_int8.safetensors`);
  earshot("quantize", model, "--calibrate", features, "--out", integer);
  for (const [kind, file] of [
    ["float", resolveModel(model)],
    ["int8", integer],
  ]) {
    const common = { model: name, kind, commit, date: new Date().toISOString().slice(0, 10) };
    const perSecond = earshot("stream", file).clipMultiplyAccumulatesPerSecond;
    rows.push({
      ...common,
      form: "clip",
      accuracy: accuracyOf(file),
      multiplyAccumulatesPerSecond: perSecond,
      fileBytes: statSync(file).size,
      ...sizesInC(file, `${name}_${kind}_clip`),
    });
    for (const form of ["context", "window"]) rows.push(formRow(common, file, form));
  }
  return rows;
}

const points = (x) => {
  const text = (100 * x).toFixed(2);
  return Number(text) < 0 ? text : `+${text.replace("-", "")}`;
};
const percent = (x) => (x === undefined ? "" : `${(100 * x).toFixed(2)} %`);
const grouped = (x) => (x === null || x === undefined ? "" : Math.round(x).toLocaleString("en-US"));

function textOf(rows) {
  const table = rows.map((row) => {
    const clip = rows.find((r) => r.model === row.model && r.kind === row.kind && r.form === "clip");
    const isClip = row === clip;
    const others = row.accuraciesWithoutReset ?? [];
    const other = others.length > 0 ? others.reduce((sum, x) => sum + x, 0) / others.length : undefined;
    const span = others.length > 0 ? [Math.min(...others), Math.max(...others)].map((x) => points(x - clip.accuracy)) : [];
    return [
      row.model,
      row.kind,
      row.form,
      percent(row.accuracy),
      isClip ? "" : points(row.accuracy - clip.accuracy),
      percent(other),
      other === undefined ? "" : points(other - clip.accuracy),
      span.join(" to "),
      isClip ? "" : row.kind === "float" ? row.largestDifference.toExponential(1) : String(row.largestDifference),
      isClip ? "" : `${row.delayMs} ms`,
      isClip ? "" : row.receptiveFieldMs === null ? "all" : `${row.receptiveFieldMs} ms`,
      grouped(row.stateBytes),
      grouped(row.multiplyAccumulatesPerSecond),
      isClip ? "" : `${(clip.multiplyAccumulatesPerSecond / row.multiplyAccumulatesPerSecond).toFixed(1)}x`,
      grouped(row.fileBytes),
      grouped(row.flashBytes ?? row.flashDataBytes),
      grouped(row.ramBytes),
      row.commit,
    ];
  });
  const head =
    "model,kind,form,accuracy,points,no reset,points,lowest to highest,--check,delay,field,state,MACs/s,fewer,file,C flash,C RAM,commit".split(
      ",",
    );
  return [
    `npm run prove:stream, ${new Date().toISOString().slice(0, 10)}, ${cpus()[0].model.trim()}, ${cpus().length} cores, Node ${process.version}`,
    "",
    ...alignedTable(head, table, 3),
    "",
    "accuracy: on the testing sounds; context with a reset before every clip (it is heard alone, then digital silence), window without. no reset: clips one after another,",
    `mean of ${orders} orders drawn once, and the points of the lowest and highest of them.`,
    "points: against the same weights' clip model. --check: float largest difference of probabilities, int8 of logits (samples go in).",
    "field: receptive field; state, file, flash, RAM in bytes; MACs/s of the clip model run every 20 ms; fewer: against that.",
    `C: earshot export --to c --cpu ${core}, samples go in; flash with code and tables where a cross compiler was there, else tables alone.`,
    "",
  ].join("\n");
}

const file = "results/stream.json";
try {
  mkdirSync("results", { recursive: true });
  for (const [name, model] of models) {
    const rows = rowsOf(name, model);
    const before = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : [];
    const all = [...before.filter((row) => row.model !== name), ...rows].toSorted((a, b) =>
      a.model < b.model ? -1 : a.model > b.model ? 1 : 0,
    );
    writeFileSync(file, `${JSON.stringify(all, null, 1)}\n`);
    writeFileSync("results/stream.txt", textOf(all));
    console.log(textOf(rows));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
