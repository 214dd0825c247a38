// Runs exports on emulated Cortex-M cores, samples in, and compares with this machine: integers to the bit, floats within 1e-4.
//   npm run prove:cortex-m -- CLIPS [--models ds_cnn_s,svdf,crnn] [--int8 FOLDER] [--foreign SHARED] [--clips 20] [--only text] [--note text]
// CLIPS is a folder of Speech Commands; its testing part is taken. Models are names or files. --int8 names a folder of models of the
// same file names, written by `earshot quantize MODEL --io int8`; --foreign the folder of published models. Needs arm-none-eabi-gcc and
// qemu-system-arm (tools/machine). Instructions, not cycles: one tick of the emulated clock an instruction. Writes results/cortex_m.txt.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { clipGraphOf, ModelStream, probabilitiesOf, streamModel } from "../../dist/detect/model_stream.js";
import { compile } from "../../dist/engine/compile.js";
import { loadModel } from "../../dist/formats/model_file.js";
import { resolveModel } from "../../dist/formats/shipped.js";
import { readTflite } from "../../dist/formats/tflite/read/read.js";
import { buildFrontend } from "../../dist/frontend/frontend.js";
import { frontendPreset } from "../../dist/frontend/presets.js";
import { multiplyAccumulates } from "../../dist/graph/count.js";
import { rateOf } from "../../dist/measure/spotter_model.js";
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
    note: { type: "string" },
  },
});
const [folder] = positionals;
if (!folder) throw new Error("name the folder of Speech Commands");
if (!hasCrossTools()) throw new Error("arm-none-eabi-gcc or qemu-system-arm does not answer: tools/machine installs them");

const samples = 16000;
const rows = [];
const works = [];
const instructions = new Map();
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
const grouped = (n) => (n > 0 ? Math.round(n).toLocaleString("en-US") : "-");

/** @param second instructions of a second of sound, front end and network together */
function report(name, core, made, ran, second, difference, isEqual) {
  if (!isEqual) failed++;
  const sizes = [ran.flashBytes, ran.codeBytes, made.ramBytes, ran.stackBytes].map(grouped);
  const costs = [ran.runInstructions, made.parts.stream ? 0 : ran.feedInstructions, second].map(grouped);
  rows.push([name, core, ...costs, ...sizes, `${difference}${isEqual ? "" : " WRONG"}`]);
  console.log(rows.at(-1).join("  "));
}

const cores = {
  m4: { cpu: "cortex-m4", floatAbi: "hard" },
  "m3 soft": { cpu: "cortex-m3", floatAbi: "soft" },
  m7: { cpu: "cortex-m7", floatAbi: "hard" },
  m55: { cpu: "cortex-m55", floatAbi: "hard" },
};

const wanted = (name) => values.only === undefined || name.includes(values.only);

const bytesOf = (audio) => new Uint8Array(Int16Array.from(audio, (x) => x * 32768).buffer);

/** Logits of this machine for each clip, as the network's graph stores them. */
async function clipLogits(model, audio) {
  const program = await compile(clipGraphOf(model), { target: "wasm" });
  for (const { name } of model.graph.parameters) program.write(name, model.parameters.get(name));
  const logits = [];
  for (let at = 0; at < audio.length; at += samples) {
    program.write("audio", audio.subarray(at, at + samples));
    program.run();
    logits.push([...program.view("logits")]);
  }
  program.close();
  return logits;
}

async function clipsOnCore(label, model, audio, core, optimize) {
  const name = `${label} clip ${optimize}`;
  if (!wanted(`${name} ${core}`)) return;
  const made = exportC(model, { prefix: "kws", ...cores[core], features: "device", rate: rateOf(model) });
  const logits = await clipLogits(model, audio);
  const ran = runOnCore(made, { ...cores[core], clips: bytesOf(audio), samples, optimize });
  compare(name, core, made, ran, 0, logits, model);
  instructions.set(`${label} ${core} clip`, ran.runInstructions);
}

/** Integer logits to the bit, float scores within 1e-4. */
function compare(name, core, made, ran, second, logits, model) {
  const { buffer, byteOffset, length } = ran.scores;
  const bytes = buffer.slice(byteOffset, byteOffset + length);
  const count = logits.length === 1 ? "1 result" : `${logits.length} results`;
  if (made.parts.logits) {
    const found = made.parts.logits.element === "int8_t" ? new Int8Array(bytes) : new Int16Array(bytes);
    return report(name, core, made, ran, second, `${count} to the bit`, exact([...found], logits.flat()));
  }
  const scores = logits.flatMap((row) => [...probabilitiesOf(row, model.graph.outputs[0].value.type)]);
  const difference = largest(new Float32Array(bytes), scores);
  report(name, core, made, ran, second, `${count}, ${difference.toExponential(1)}`, difference < 1e-4);
}

async function streamOnCore(label, model, audio, core) {
  const name = `${label} context -O2`;
  if (!wanted(`${name} ${core}`)) return;
  const stream = { form: "context" };
  const made = exportC(model, { prefix: "kws", ...cores[core], features: "device", rate: rateOf(model), stream });
  const listener = await ModelStream.open(model, { form: "context", target: "wasm" });
  const logits = [];
  // Two clips one after another: where the past takes the place of padding, the first result comes after more than a second.
  const length = 2 * samples;
  for (let at = 0; at < audio.length; at += length) {
    listener.reset();
    logits.push(...listener.program.feed(audio.subarray(at, at + length)).map(({ values }) => [...values]));
  }
  listener.close();
  const ran = runOnCore(made, { ...cores[core], clips: bytesOf(audio), samples: length });
  const second = (ran.feedInstructions * ran.steps) / ran.clips / 2;
  compare(name, core, made, ran, second, logits, model);
  compareWork(label, model, core, second, ran.feedInstructions);
}

/** The stream beside the clip model run every 20 ms. */
function compareWork(label, model, core, second) {
  const { phases, chunk } = streamModel(model, { form: "context", input: "features" });
  const hop = model.frontend.nodes.find((n) => n.op === "frame").attributes.hop;
  const perSecond = (phases.reduce((sum, p) => sum + multiplyAccumulates(p), 0) * rateOf(model)) / (phases.length * chunk * hop);
  const clip = multiplyAccumulates(model.graph) * 50;
  const run = instructions.get(`${label} ${core} clip`);
  const period = (1000 * phases.length * chunk * hop) / rateOf(model);
  works.push(
    `${label}, ${core}: ${grouped(perSecond)} multiply-accumulates of the network a second, a result each ${period} ms; the clip model ` +
      `${grouped(clip)}, ${(clip / perSecond).toFixed(1)} times as many${run ? `; instructions, front end included in the stream's: ${((run * 50) / second).toFixed(1)} times` : ""}`,
  );
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
  report(name, core, made, ran, 0, `${ran.clips} results to the bit`, isEqual);
}

const audio = await testingClips(Number(values.clips));
if (values.foreign !== undefined) {
  for (const optimize of ["-Os", "-O2", "-O3"]) await foreignOnCore("m4", optimize);
  for (const core of ["m3 soft", "m7", "m55"]) await foreignOnCore(core, "-O2");
}
for (const given of values.models.split(",")) {
  const name = basename(given, ".safetensors");
  const kinds = [["float", await loadModel(resolveModel(given))]];
  if (values.int8 !== undefined) kinds.push(["int8", await loadModel(join(values.int8, `${name}.safetensors`))]);
  for (const [kind, model] of kinds) {
    await clipsOnCore(`${name} ${kind}`, model, audio, "m4", "-O2");
    await streamOnCore(`${name} ${kind}`, model, audio, "m4");
    if (name !== "ds_cnn_s") continue;
    for (const core of ["m3 soft", "m7", "m55"]) {
      await clipsOnCore(`${name} ${kind}`, model, audio, core, "-O2");
      await streamOnCore(`${name} ${kind}`, model, audio, core);
    }
  }
}

const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"]).toString().trim();
const compilerVersion = execFileSync("arm-none-eabi-gcc", ["--version"]).toString().split("\n")[0];
const emulator = execFileSync("qemu-system-arm", ["--version"]).toString().split("\n")[0];
const heads = ["export", "core", "an inference", "a hop", "a second", "flash", "of it code", "RAM", "stack", "compared"];
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
  "Instructions: of the network for a clip; of the front end for a frame; of both for a second of sound, for streaming exports (context).",
  "Compared with this machine (wasm), front end and network on both sides: integer logits to the bit, float probabilities.",
  ...(values.note === undefined ? [] : [values.note]),
  "TensorFlow Lite Micro with CMSIS-NN, kws_ref_model.tflite: M4F 7,699,430 instructions, 22,820 bytes of arena, 1,516 of stack; M55 1,786,916, 27,348, 1,588.",
  "",
  line(heads),
  ...rows.map(line),
  "",
  "Streams beside the clip model run every 20 ms:",
  ...works,
  "",
  failed === 0 ? "All equal." : `${failed} WRONG.`,
];
console.log(text.join("\n"));
if (values.only === undefined) {
  mkdirSync("results", { recursive: true });
  writeFileSync("results/cortex_m.txt", `${text.join("\n")}\n`);
}
process.exitCode = failed === 0 ? 0 : 1;
