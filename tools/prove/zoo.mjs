// Every model of the zoo, with drawn weights, through everything that a model must do without a line of its own: both forms of streams,
// float and int8, compared with what they must give on a recording; int8; C, compiled by this machine's cc; .tflite in LiteRT:
//   npm run prove:zoo -- DATA/speech_commands RECORDING [MODEL ...]
// Writes results/zoo.json, in which the rows of other models stay, and results/zoo.txt from it. Says nothing of accuracy.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile } from "../../dist/engine/compile.js";
import { nativeCompiler } from "../../dist/engine/native_target.js";
import { openLiteRt } from "../../dist/formats/litert.js";
import { exportTflite } from "../../dist/formats/tflite/export.js";
import { buildFrontend, oneSecond } from "../../dist/frontend/frontend.js";
import { countParameters, multiplyAccumulates } from "../../dist/graph/count.js";
import { sizeOf } from "../../dist/graph/types.js";
import { calibrate } from "../../dist/measure/calibrate.js";
import { checkRecording, reportStream } from "../../dist/measure/stream_report.js";
import { prepareForQuantization, quantizeGraph } from "../../dist/passes/quantize.js";
import { exportC } from "../../dist/targets/c/export.js";
import { buildModel, findModel, zooModels } from "../../dist/zoo/index.js";
import { alignedTable, machineLines } from "../bench/bench_report.mjs";
import { drawnWeights } from "../models/drawn_weights.mjs";
import { firstRecordings, joined, recordedFeatures } from "./recorded_features.mjs";

const [sounds, recording, ...named] = process.argv.slice(2);
if (!sounds || !recording) {
  console.error("usage: npm run prove:zoo -- DATA/speech_commands RECORDING [MODEL ...]");
  process.exit(2);
}
const clipCount = 5;
const target = "wasm";

async function openProgram({ graph, parameters }) {
  const program = await compile(graph, { target });
  for (const [name, data] of parameters) program.write(name, data);
  return (name, input) => {
    for (const { name: state, input: value } of graph.states)
      program.write(state, new Float32Array(sizeOf(value.type.shape)).fill(value.type.quantization?.zeroPoint[0] ?? 0));
    program.write(name, input);
    program.run();
    return Float32Array.from(program.view(graph.outputs[0].name));
  };
}

function softmax(logits) {
  const largest = Math.max(...logits);
  const powers = Array.from(logits, (z) => Math.exp(z - largest));
  const total = powers.reduce((sum, p) => sum + p, 0);
  return powers.map((p) => p / total);
}

const largestDifference = (a, b) => Math.max(...a.flatMap((list, i) => Array.from(list, (x, j) => Math.abs(x - b[i][j]))));

/** Scores of the clips, computed by the exported program. */
function scoresInC(model, clips) {
  const values = clips[0].length;
  const made = exportC(model, { prefix: "kws", cpu: "generic", floatAbi: "soft", features: "none", rate: oneSecond.rate });
  const folder = mkdtempSync(join(tmpdir(), "earshot-prove-zoo-"));
  try {
    for (const { name, text } of made.files) writeFileSync(join(folder, name), text);
    writeFileSync(
      join(folder, "main.c"),
      `#include <stdio.h>
#include "kws.h"
int main(void) {
  kws_reset();
  while (fread(kws_features(), sizeof(float), ${values}, stdin) == ${values}) {
    fwrite(kws_run(), sizeof(float), KWS_SCORES, stdout);
    /* The states of a clip that goes on, and its features. */
    kws_reset();
  }
  return 0;
}
`,
    );
    execFileSync("cc", ["-O1", "-std=c99", "-Wall", "-Wextra", "-Werror", "kws.c", "main.c", "-o", "program"], {
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
    });
    const input = Buffer.concat(clips.map((c) => Buffer.from(c.buffer, c.byteOffset, c.byteLength)));
    const bytes = execFileSync(join(folder, "program"), { input, maxBuffer: 1 << 20 });
    const scores = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    return { made, scores: clips.map((_, i) => scores.subarray(i * model.labels.length, (i + 1) * model.labels.length)) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function scoresInLiteRt(model, clips) {
  const bytes = exportTflite(model, { features: "none" });
  const lite = await openLiteRt(bytes);
  const scores = [];
  for (const clip of clips) scores.push((await lite.run([clip]))[0]);
  lite.close();
  return { bytes: bytes.length, scores };
}

/** What a step gives, or the first line of why it cannot. */
async function attempted(step) {
  try {
    return await step();
  } catch (error) {
    return {
      failed: String(error.stderr ?? error.message)
        .split("\n")
        .slice(0, 2)
        .join(" ")
        .slice(0, 300),
    };
  }
}

const streamed = (model, form) =>
  attempted(async () => {
    const options = { form, input: "features", target };
    const report = reportStream(model, options);
    // Where a step of several hops would mix the beginning with what was before it, a step is one hop.
    const clean = report.startsCleanly ? options : { ...options, hops: 1 };
    const { compared, largest, equal } = await checkRecording(model, clean, recording, 30);
    const { stateBytes, delayMs, receptiveFieldMs, resultMs } = report;
    return { stateBytes, delayMs, receptiveFieldMs, resultMs, compared, largest, equal };
  });

async function rowOf({ name, shape, samples = oneSecond.samples, frontend: frontendDescription }) {
  const labels = Array.from({ length: shape.labels }, (_, i) => `label ${i}`);
  const graph = buildModel(name, {}, shape);
  const frontend = buildFrontend(frontendDescription, { samples, rate: oneSecond.rate });
  const training = { recipe: { rate: oneSecond.rate } };
  const around = { frontend, frontendDescription, labels, training, licence: "" };
  const float = { ...around, graph, parameters: drawnWeights(graph) };
  const clips = await recordedFeatures(frontend, firstRecordings(sounds, ["yes", "no", "stop", "go", "left"]));
  const prepared = prepareForQuantization(float);
  const features = joined(clips);
  const integer = { ...around, ...quantizeGraph(prepared, await calibrate(prepared, features, "minmax", target)) };
  const forms = [];
  for (const [kind, model] of [
    ["float", float],
    ["int8", integer],
  ]) {
    const run = await openProgram(model);
    const wanted = clips.map((c) => softmax(run("features", c)));
    const c = await attempted(() => {
      const { made, scores } = scoresInC(model, clips);
      return { difference: largestDifference(scores, wanted), flashDataBytes: made.flashDataBytes, ramBytes: made.ramBytes };
    });
    const tflite = await attempted(async () => {
      const { bytes, scores } = await scoresInLiteRt(model, clips);
      return { difference: largestDifference(scores, wanted), bytes };
    });
    forms.push({ kind, c, tflite, context: await streamed(model, "context"), window: await streamed(model, "window") });
  }
  return {
    model: name,
    parameters: countParameters(graph),
    multiplyAccumulates: multiplyAccumulates(graph),
    clips: clipCount,
    forms,
    date: new Date().toISOString().slice(0, 10),
  };
}

const grouped = (n) => Math.round(n).toLocaleString("en-US");
const small = (x) => (x === 0 ? "0" : x.toExponential(1));

function textOf(rows) {
  const notes = [];
  const cell = (model, kind, what, found, text) => {
    if (found.failed === undefined) return text(found);
    notes.push(`${model} ${kind} ${what}: ${found.failed}`);
    return "no";
  };
  const table = rows.flatMap(({ model, parameters, multiplyAccumulates: products, forms }) =>
    forms.map(({ kind, c, tflite, context, window }) => [
      model,
      kind,
      grouped(parameters),
      grouped(products),
      ...[
        ["context", context],
        ["window", window],
      ].flatMap(([form, found]) => [
        cell(model, kind, form, found, (s) => `${small(s.largest)}${s.equal ? "" : " NOT EQUAL"}`),
        found.failed === undefined ? grouped(found.stateBytes) : "",
        found.failed === undefined ? `${found.delayMs}` : "",
        found.failed === undefined ? (found.receptiveFieldMs === null ? "all" : `${found.receptiveFieldMs}`) : "",
      ]),
      cell(model, kind, "C", c, (s) => small(s.difference)),
      c.failed === undefined ? grouped(c.flashDataBytes) : "",
      c.failed === undefined ? grouped(c.ramBytes) : "",
      cell(model, kind, ".tflite", tflite, (s) => small(s.difference)),
      tflite.failed === undefined ? grouped(tflite.bytes) : "",
    ]),
  );
  const head =
    "model,kind,parameters,products,context,state,delay,field,window,state,delay,field,C,flash,RAM,.tflite,bytes".split(",");
  return [
    ...machineLines(nativeCompiler()),
    "",
    ...alignedTable(head, table, 2),
    "",
    "npm run prove:zoo: drawn weights, features go in. products: multiply-accumulates of a clip. context, window: largest difference of",
    "probabilities (int8: of logits) between the stream and what it must give, over 30 places of a recording; state in bytes, delay and",
    `receptive field in ms. C, .tflite: largest difference of probabilities from the engine's, over ${clipCount} recorded clips; .tflite in LiteRT, whose fast`,
    "integer kernels round otherwise than TensorFlow Lite's reference ones: the engine's integers are TensorFlow Lite Micro's to the bit, and LiteRT's sets",
    "of kernels differ from each other as much (results/tflite_runtimes.txt, npm run prove:tflite-runtimes). flash: weights and tables.",
    ...(notes.length > 0 ? ["", "no:", ...notes.map((note) => `  ${note}`)] : []),
    "",
  ].join("\n");
}

const file = "results/zoo.json";
mkdirSync("results", { recursive: true });
for (const model of named.length > 0 ? named.map((name) => findModel(name).published) : zooModels) {
  const started = Date.now();
  const row = await rowOf(model);
  const before = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : [];
  const others = before.filter((r) => r.model !== row.model);
  const order = new Map(zooModels.map((m, i) => [m.name, i]));
  const rows = [...others, row].toSorted((a, b) => order.get(a.model) - order.get(b.model));
  writeFileSync(file, `${JSON.stringify(rows, null, 1)}\n`);
  writeFileSync("results/zoo.txt", textOf(rows));
  console.log(`${row.model}: ${((Date.now() - started) / 1000).toFixed(1)} s`);
}
