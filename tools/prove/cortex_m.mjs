// Runs exports on emulated Cortex-M cores, samples in, and compares with this machine: integers to the bit, floats within 1e-4.
//   npm run prove:cortex-m -- CLIPS [--models ds_cnn_s,svdf,crnn] [--int8 FOLDER] [--foreign SHARED] [--clips 20] [--only text]
// CLIPS is a folder of Speech Commands; its testing part is taken. --int8 names a folder of models written by
// `earshot quantize MODEL --io int8`; --foreign the folder of published models. Needs arm-none-eabi-gcc and qemu-system-arm
// (tools/machine). Instructions, not cycles: one tick of the emulated clock an instruction. Writes results/cortex_m.txt.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ModelStream } from "../../dist/detect/model_stream.js";
import { compile } from "../../dist/engine/compile.js";
import { loadModel } from "../../dist/formats/model_file.js";
import { resolveModel } from "../../dist/formats/shipped.js";
import { readTflite } from "../../dist/formats/tflite/read/read.js";
import { buildFrontend } from "../../dist/frontend/frontend.js";
import { frontendPreset } from "../../dist/frontend/presets.js";
import { openModel, rateOf } from "../../dist/measure/spotter_model.js";
import { decodeSound } from "../../dist/signal/decode.js";
import { exportC } from "../../dist/targets/c/export.js";
import { foreignModel } from "../../dist/targets/c/foreign.js";
import { hasCrossTools, runOnCore } from "./cortex_m_run.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    models: { type: "string", default: "ds_cnn_s,svdf,crnn" },
    int8: { type: "string" },
    foreign: { type: "string" },
    clips: { type: "string", default: "20" },
    only: { type: "string" },
  },
});
const [folder] = positionals;
if (!folder) throw new Error("name the folder of Speech Commands");
if (!hasCrossTools())
  throw new Error("arm-none-eabi-gcc or qemu-system-arm does not answer: tools/machine installs them");

const samples = 16000;
const rows = [];
let failed = 0;

/** The first clips of the testing part, one word after another. */
async function testingClips(count) {
  const list = readFileSync(join(folder, "testing_list.txt"), "utf8").trim().split("\n");
  const byWord = new Map();
  for (const line of list) byWord.set(line.split("/")[0], [...(byWord.get(line.split("/")[0]) ?? []), line]);
  const audio = new Float32Array(count * samples);
  let found = 0;
  for (let round = 0; found < count; round++)
    for (const lines of byWord.values()) {
      const line = lines[round];
      const file = [line, line?.replace(/\.wav$/, ".flac"), line?.replace(/\.wav$/, ".opus")].find(
        (f) => f && existsSync(join(folder, f)),
      );
      if (!file || found === count) continue;
      const sound = await decodeSound(readFileSync(join(folder, file)), file);
      audio.set(
        sound.samples.subarray(0, samples).map((x) => Math.round(x * 32768) / 32768),
        found++ * samples,
      );
    }
  return audio;
}

const exact = (a, b) => a.length === b.length && a.every((v, i) => v === b[i]);
const largest = (a, b) => (a.length === b.length ? a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i])), 0) : Infinity);
const grouped = (n) => Math.round(n).toLocaleString("en-US");

function report(name, core, made, ran, difference, isEqual) {
  if (!isEqual) failed++;
  const run = ran.runInstructions > 0 ? grouped(ran.runInstructions) : "-";
  const feed = ran.feedInstructions > 0 ? grouped(ran.feedInstructions) : "-";
  const cells = [
    name,
    core,
    run,
    feed,
    grouped(ran.flashBytes),
    grouped(ran.codeBytes),
    grouped(made.ramBytes),
    grouped(ran.stackBytes),
  ];
  rows.push([...cells, `${difference}${isEqual ? "" : " WRONG"}`]);
  console.log(rows.at(-1).join("  "));
}

const cores = {
  m4: { cpu: "cortex-m4", floatAbi: "hard" },
  "m3 soft": { cpu: "cortex-m3", floatAbi: "soft" },
  m7: { cpu: "cortex-m7", floatAbi: "hard" },
  m55: { cpu: "cortex-m55", floatAbi: "hard" },
};

const wanted = (name) => values.only === undefined || name.includes(values.only);

async function clipsOnCore(label, model, audio, core, optimize) {
  const name = `${label} clip ${optimize}`;
  if (!wanted(`${name} ${core}`)) return;
  const made = exportC(model, { prefix: "kws", ...cores[core], features: "device", rate: rateOf(model) });
  const spotter = await openModel(model, { name, target: "wasm" });
  const scores = await spotter.scoreSounds(audio, audio.length / samples);
  spotter.close();
  const clips = new Uint8Array(Int16Array.from(audio, (x) => x * 32768).buffer);
  const ran = runOnCore(made, { ...cores[core], clips, samples, optimize });
  compareScores(name, core, made, ran, scores, model);
}

function compareScores(name, core, made, ran, scores, model) {
  const { buffer, byteOffset, length } = ran.scores;
  const found = new Float32Array(buffer.slice(byteOffset, byteOffset + length));
  const isInteger = made.parts.logits !== undefined;
  const difference = largest(found, scores);
  if (!isInteger) return report(name, core, made, ran, difference.toExponential(1), difference < 1e-4);
  // Scores are the softmax of integers: equal integers differ by rounding only, one step apart by far more.
  const step = model.graph.outputs[0].value.type.quantization.scale[0];
  report(name, core, made, ran, `${difference.toExponential(1)}`, difference < step * 1e-3);
}

async function streamOnCore(label, model, audio, core) {
  const name = `${label} context`;
  if (!wanted(`${name} ${core}`)) return;
  const made = exportC(model, {
    prefix: "kws",
    ...cores[core],
    features: "device",
    rate: rateOf(model),
    stream: { form: "context" },
  });
  const stream = await ModelStream.open(model, { form: "context", target: "wasm" });
  const scores = [];
  // Two clips one after another: where the past takes the place of padding, the first result comes after more than a second.
  const length = 2 * samples;
  for (let at = 0; at < audio.length; at += length) {
    stream.reset();
    scores.push(...(stream.feed(audio.subarray(at, at + length)).at(-1)?.scores ?? []));
  }
  stream.close();
  const clips = new Uint8Array(Int16Array.from(audio, (x) => x * 32768).buffer);
  const ran = runOnCore(made, { ...cores[core], clips, samples: length });
  ran.feedInstructions = (ran.feedInstructions * ran.steps) / ran.clips / 2;
  compareScores(`${name}, a second`, core, made, ran, Float32Array.from(scores), model);
}

/** MLPerf Tiny's file on the recorded clips: all its bytes are known. */
async function foreignOnCore(core, optimize) {
  const name = `kws_ref_model.tflite ${optimize}`;
  if (!wanted(`${name} ${core}`)) return;
  const { recordedClips } = await import("./recorded_clips.mjs");
  const network = readTflite(readFileSync(join(values.foreign, "mlperf-tiny/kws_ref_model.tflite")), "kws_ref_model");
  const frontend = await compile(buildFrontend(frontendPreset("FE-B"), { samples, rate: 16000 }), { target: "wasm" });
  const { inputs, outputs } = await recordedClips(values.foreign, frontend, network.graph.inputs[0].value.type.quantization);
  frontend.close();
  const made = exportC(foreignModel(network, [], "kws_ref_model.tflite"), {
    prefix: "kws",
    ...cores[core],
    features: "none",
    rate: 16000,
  });
  const ran = runOnCore(made, { ...cores[core], clips: inputs, samples: 0, optimize });
  const isEqual = exact([...new Int8Array(ran.scores.buffer, ran.scores.byteOffset, ran.scores.length)], outputs);
  report(name, core, made, ran, `${ran.clips} clips to the bit`, isEqual);
}

const audio = await testingClips(Number(values.clips));
if (values.foreign !== undefined) {
  for (const optimize of ["-Os", "-O2", "-O3"]) await foreignOnCore("m4", optimize);
  for (const core of ["m3 soft", "m7", "m55"]) await foreignOnCore(core, "-O2");
}
for (const name of values.models.split(",")) {
  const kinds = [["float", await loadModel(resolveModel(name))]];
  if (values.int8 !== undefined) kinds.push(["int8", await loadModel(join(values.int8, `${name}.safetensors`))]);
  for (const [kind, model] of kinds) {
    await clipsOnCore(`${name} ${kind}`, model, audio, "m4", "-O2");
    await streamOnCore(`${name} ${kind}`, model, audio, "m4");
    if (name === "ds_cnn_s")
      for (const core of ["m3 soft", "m7", "m55"]) await clipsOnCore(`${name} ${kind}`, model, audio, core, "-O2");
  }
}

const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"]).toString().trim();
const compilerVersion = execFileSync("arm-none-eabi-gcc", ["--version"]).toString().split("\n")[0];
const emulator = execFileSync("qemu-system-arm", ["--version"]).toString().split("\n")[0];
const heads = ["export", "core", "instructions a run", "a hop", "flash", "of it code", "RAM", "stack", "largest difference"];
const widths = heads.map((h, i) => Math.max(h.length, ...rows.map((r) => r[i].length)));
const line = (cells) =>
  cells
    .map((c, i) => (i < 2 ? c.padEnd(widths[i]) : c.padStart(widths[i])))
    .join("  ")
    .trimEnd();
const text = [
  "Exports as C on emulated Cortex-M cores (npm run prove:cortex-m).",
  `${new Date().toISOString().slice(0, 10)}, commit ${commit}, ${cpus()[0].model}; ${compilerVersion}; ${emulator}`,
  `${values.clips} clips of the testing part of Speech Commands. Bytes are of the export alone, without libc and start code.`,
  "A hop is the front end on one frame of features; for a streaming export (context), a second of sound through front end and network.",
  "Integer models: the scores are a softmax of integers, equal but for its rounding; kws_ref_model's output bytes are compared themselves.",
  "TensorFlow Lite Micro with CMSIS-NN on the M4F, kws_ref_model.tflite: 7,699,430 instructions, 22,820 bytes of arena, 1,516 of stack.",
  "",
  line(heads),
  ...rows.map(line),
  "",
  failed === 0 ? "All equal." : `${failed} WRONG.`,
];
console.log(text.join("\n"));
if (values.only === undefined) {
  mkdirSync("results", { recursive: true });
  writeFileSync("results/cortex_m.txt", `${text.join("\n")}\n`);
}
process.exitCode = failed === 0 ? 0 : 1;
