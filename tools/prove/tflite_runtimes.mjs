// int8 .tflite files of the zoo, with drawn weights as in prove:zoo, in LiteRT's three sets of kernels and in TFLite Micro beside our engine:
//   npm run prove:tflite-runtimes -- --python PATH [--out FILE] DATA/speech_commands [MODEL ...]
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { probabilitiesOf } from "../../dist/detect/model_stream.js";
import { compile } from "../../dist/engine/compile.js";
import { openLiteRt } from "../../dist/formats/litert.js";
import { exportTflite } from "../../dist/formats/tflite/export.js";
import { buildFrontend, oneSecond } from "../../dist/frontend/frontend.js";
import { calibrate } from "../../dist/measure/calibrate.js";
import { prepareForQuantization, quantizeGraph } from "../../dist/passes/quantize.js";
import { buildModel, findModel } from "../../dist/zoo/index.js";
import { drawnWeights } from "../models/drawn_weights.mjs";
import { firstRecordings, joined, recordedFeatures } from "./recorded_features.mjs";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    python: { type: "string", default: "python3" },
    out: { type: "string", default: "results/tflite_runtimes.txt" },
  },
});
const [sounds, ...named] = positionals;
if (!sounds) {
  console.error("usage: npm run prove:tflite-runtimes -- --python PATH DATA/speech_commands [MODEL ...]");
  process.exit(2);
}
const models =
  named.length > 0 ? named : ["low_latency_svdf", "svdf_30k", "ds_cnn_s", "ds_tc_resnet", "mixednet", "crnn", "gru", "lstm"];
const words = ["yes", "no", "stop", "go", "left"];
const folder = mkdtempSync(join(tmpdir(), "earshot-runtimes-"));

async function prepare(name, recurrent) {
  const { shape, samples = oneSecond.samples, frontend: frontendDescription } = findModel(name).published;
  const graph = buildModel(name, {}, shape);
  if (recurrent === "int16" && !graph.nodes.some((n) => n.op === "scan")) return undefined;
  const frontend = buildFrontend(frontendDescription, { samples, rate: oneSecond.rate });
  const features = joined(await recordedFeatures(frontend, firstRecordings(sounds, words)));
  const ready = prepareForQuantization({ graph, parameters: drawnWeights(graph) });
  const integers = quantizeGraph(ready, await calibrate(ready, features, "minmax", "wasm"), { recurrent });
  const labels = Array.from({ length: shape.labels }, (_, i) => `label ${i}`);
  const model = {
    ...integers,
    frontend,
    frontendDescription,
    labels,
    training: { recipe: { rate: oneSecond.rate } },
    licence: "",
  };
  const file = join(folder, `${name}.${recurrent}.tflite`);
  writeFileSync(file, exportTflite(model, { features: "none" }));
  writeFileSync(`${file}.bin`, Buffer.from(features.buffer));
  const program = await compile(integers.graph, { target: "wasm" });
  for (const [parameter, data] of integers.parameters) program.write(parameter, data);
  const size = features.length / words.length;
  const wanted = words.flatMap((_, i) => {
    for (const { name: state, input } of integers.graph.states)
      program.write(
        state,
        new Float32Array(input.type.shape.reduce((p, n) => p * n, 1)).fill(input.type.quantization?.zeroPoint[0] ?? 0),
      );
    program.write("features", features.subarray(i * size, (i + 1) * size));
    program.run();
    return [...probabilitiesOf(program.view("logits"), integers.graph.outputs[0].value.type)];
  });
  program.close();
  const lite = await openLiteRt(readFileSync(file));
  const inNode = [];
  for (const i of words.keys()) inNode.push(...(await lite.run([features.slice(i * size, (i + 1) * size)]))[0]);
  lite.close();
  return { name, recurrent, file, wanted, inNode };
}

const runtimes = ["LiteRT.js", "XNNPACK", "fast kernels", "reference", "TFLite Micro"];
const largest = (a, b) => a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i])), 0);
const lines = [];
try {
  const entries = [];
  for (const name of models)
    for (const recurrent of ["int8", "int16"]) {
      const entry = await prepare(name, recurrent);
      if (entry) entries.push(entry);
    }
  const list = join(folder, "list.json");
  writeFileSync(list, JSON.stringify(entries.map(({ file }) => ({ file, steps: words.length }))));
  const run = spawnSync(options.python, [fileURLToPath(new URL("tflite_states.py", import.meta.url)), list], {
    encoding: "utf8",
  });
  if (run.status !== 0) throw new Error(run.stderr);
  const runs = run.stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
  for (const { name, recurrent, file, wanted, inNode } of entries) {
    const scores = new Map([["LiteRT.js", inNode]]);
    for (const runtime of runtimes.slice(1)) {
      if (runs.find((r) => r.file === file && r.runtime === runtime)?.error !== undefined) continue;
      const bytes = readFileSync(`${file}.${runtime}.bin`);
      scores.set(runtime, new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)));
    }
    const cell = (a, b) => (a && b ? largest(a, b).toExponential(1) : "no").padStart(14);
    const ours = runtimes.map((runtime) => cell(wanted, scores.get(runtime)));
    const among = [
      cell(scores.get("XNNPACK"), scores.get("fast kernels")),
      cell(scores.get("fast kernels"), scores.get("reference")),
    ];
    lines.push([name.padEnd(18), recurrent.padEnd(6), ...ours, ...among].join("  "));
    console.log(lines.at(-1));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
const heads = [...runtimes, "XNN to fast", "fast to ref."].map((r) => r.padStart(14));
writeFileSync(
  options.out,
  `int8 .tflite files of the zoo, drawn weights, ${words.length} recorded clips: largest difference of a probability from our engine's, in LiteRT.js, in
LiteRT of Python with XNNPACK (its default), with its own fast kernels and with its reference kernels (BUILTIN_REF), and in TensorFlow Lite Micro; then LiteRT's kernels
from each other. int16: recurrent cells of 16 bits. "no": the runtime refuses the file.
Our engine gives TFLite Micro's bits in 8 bits. LiteRT's sets of kernels round products otherwise (its reference kernel of FULLY_CONNECTED once, TFLite
Micro's and ours twice: the last step of some elements in ten thousand), and networks of drawn weights make that large: they differ from each other as much
as from us, LiteRT.js most. With 16 bits all of them add 64-bit biases and multiply by 16 bits of the factor, our engine 32 and 31: the last of 65,536 steps.
npm run prove:tflite-runtimes -- --python PATH DATA/speech_commands
${new Date().toISOString().slice(0, 10)}, commit ${commit}, Node ${process.version}, ${cpus()[0].model}

${["model".padEnd(18), "cells ", ...heads].join("  ")}
${lines.join("\n")}
`,
);
