// Streaming .tflite files that keep their states in resource variables, in LiteRT, LiteRT.js and TFLite Micro beside our engine:
//   npm run prove:tflite-states -- --python PATH --calibrate DATA/features SOUNDS.wav... [--out FILE]
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { clipGraphOf, probabilitiesOf } from "../../dist/detect/model_stream.js";
import { StreamProgram } from "../../dist/engine/stream_program.js";
import { openLiteRt } from "../../dist/formats/litert.js";
import { loadModel } from "../../dist/formats/model_file.js";
import { resolveModel } from "../../dist/formats/shipped.js";
import { exportTflite } from "../../dist/formats/tflite/export.js";
import { readTflite } from "../../dist/formats/tflite/read/read.js";
import { openNetwork } from "../../dist/formats/tflite/read/runner.js";
import { streamGraph } from "../../dist/passes/stream.js";
import { keywordModels } from "../models/keyword_models.mjs";
import { joined, recordedFeatures } from "./recorded_features.mjs";

const { values: options, positionals: sounds } = parseArgs({
  allowPositionals: true,
  options: {
    python: { type: "string", default: "python3" },
    calibrate: { type: "string" },
    out: { type: "string", default: "results/tflite_states.txt" },
  },
});
if (!options.calibrate || sounds.length === 0) {
  console.error("usage: npm run prove:tflite-states -- --python PATH --calibrate DATA/features SOUNDS.wav...");
  process.exit(2);
}
const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "earshot-states-"));

const floats = (file) => {
  const bytes = readFileSync(file);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
};

async function prepare(name, kind, form) {
  const path = kind === "float" ? resolveModel(name) : join(folder, `${name}.${kind}.safetensors`);
  if (!existsSync(path))
    execFileSync(
      process.execPath,
      [main, "quantize", name, "--calibrate", options.calibrate, "--recurrent", kind, "--out", path],
      { stdio: "ignore" },
    );
  const model = await loadModel(path);
  const bytes = exportTflite(model, { features: "none", states: "resource", stream: { form } });
  const file = join(folder, `${name}.${kind}.${form}.tflite`);
  writeFileSync(file, bytes);
  const recording = joined(await recordedFeatures(model.frontend, sounds));
  const stream = streamGraph(clipGraphOf(model, "features"), { form });
  const width = recording.length / sounds.length / model.graph.inputs[0].value.type.shape[1];
  const long = new Float32Array(stream.lead * width + recording.length);
  long.set(recording, stream.lead * width);
  const size = stream.chunk * width;
  const steps = Math.floor(long.length / size);
  writeFileSync(`${file}.bin`, Buffer.from(long.buffer, 0, steps * size * 4));
  const program = await StreamProgram.open(stream, model.parameters, { target: "wasm" });
  const wanted = program.feed(recording).map(({ values }) => probabilitiesOf(values, model.graph.outputs[0].value.type));
  program.close();
  return { name, kind, form, file, bytes, steps, size, long, wanted };
}

/** Largest difference from our stream, over the steps whose results are about the stream. */
function difference({ wanted, steps }, scores) {
  const width = wanted[0].length;
  let largest = 0;
  for (const [i, row] of wanted.entries())
    for (let k = 0; k < width; k++)
      largest = Math.max(largest, Math.abs(row[k] - scores[(steps - wanted.length + i) * width + k]));
  return largest;
}

async function inNode(entry) {
  const { bytes, steps, size, long } = entry;
  const [theirs, ours] = [await openLiteRt(bytes), await openNetwork(readTflite(bytes, entry.file), { target: "wasm" })];
  const found = { "LiteRT.js": [], "our reader": [] };
  for (let step = 0; step < steps; step++) {
    const chunk = long.slice(step * size, (step + 1) * size);
    found["LiteRT.js"].push(...(await theirs.run([chunk]))[0]);
    found["our reader"].push(...ours.run([chunk])[0]);
  }
  theirs.close();
  ours.close();
  return found;
}

const runtimes = ["our reader", "LiteRT.js", "XNNPACK", "fast kernels", "reference", "TFLite Micro"];
const lines = [];
try {
  const entries = [];
  for (const name of await keywordModels())
    for (const kind of name.startsWith("crnn") ? ["float", "int8", "int16"] : ["float", "int8"])
      entries.push(await prepare(name, kind, "context"));
  const list = join(folder, "list.json");
  writeFileSync(list, JSON.stringify(entries.map(({ file, steps }) => ({ file, steps }))));
  const { status, stdout, stderr } = spawnSync(
    options.python,
    [fileURLToPath(new URL("tflite_states.py", import.meta.url)), list],
    {
      encoding: "utf8",
    },
  );
  if (status !== 0) throw new Error(stderr);
  const runs = stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
  for (const entry of entries) {
    const inside = await inNode(entry);
    const cells = runtimes.map((runtime) => {
      if (runtime in inside) return difference(entry, inside[runtime]).toExponential(1);
      const run = runs.find((r) => r.file === entry.file && r.runtime === runtime);
      return run.error ? `no: ${run.error}` : difference(entry, floats(`${entry.file}.${runtime}.bin`)).toExponential(1);
    });
    const row = [entry.name.padEnd(14), entry.kind.padEnd(7), String(entry.wanted.length).padStart(7)];
    lines.push([...row, ...cells.map((c, i) => c.padStart(runtimes[i].length + 2))].join("  "));
    console.log(lines.at(-1));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
writeFileSync(
  options.out,
  `Streaming .tflite files with states in resource variables (export --states resource, form context), features of ${sounds.length} recorded clips one after
another: largest difference of a probability from our engine's stream, over all results. LiteRT of Python three times: with XNNPACK (its
default), with its own fast kernels, and with the reference kernels (BUILTIN_REF). int16: recurrent states of 16 bits (--recurrent int16).
npm run prove:tflite-states -- --python PATH --calibrate DATA/features ${sounds.map((s) => basename(s)).join(" ")}
${new Date().toISOString().slice(0, 10)}, commit ${commit}, Node ${process.version}, ${cpus()[0].model}

${["model".padEnd(14), "kind".padEnd(7), "results", ...runtimes.map((r) => r.padStart(r.length + 2))].join("  ")}
${lines.join("\n")}
`,
);
