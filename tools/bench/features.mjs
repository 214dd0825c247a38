/**
 * npm run bench:features [-- --json] [--python PATH] [--rounds N] [--out FILE]
 *
 * Features of clips of one second on one thread: ours in groups of 8 as the loader runs them and clip by clip, native and
 * in WebAssembly; torchaudio clip by clip and 100 at a time; TensorFlow's AudioSpectrogram with Mfcc (log_mel: with a
 * product and a logarithm) likewise. All settings take turns; medians over all turns, microseconds a clip.
 *
 * `ofTorchaudio` and `ofTensorflow`: the better figure of the library divided by ours.
 */
import { writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { RandomStream } from "../../dist/base/random.js";
import { compile } from "../../dist/engine/compile.js";
import { nativeCompiler } from "../../dist/engine/native_target.js";
import { buildFrontend, describeFrontend, oneSecond } from "../../dist/frontend/frontend.js";
import { retype } from "../../dist/graph/retype.js";
import { optimize } from "../../dist/passes/optimize.js";
import { alignedTable, machineLines, median } from "./bench_report.mjs";
import { TorchProcess } from "./torch_process.mjs";

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    python: { type: "string" },
    rounds: { type: "string", default: "20" },
    note: { type: "string" },
    out: { type: "string" },
  },
});
const rounds = Number(options.rounds);
if (!Number.isInteger(rounds) || rounds < 1) {
  console.error(`--rounds must be a whole number from 1, found ${options.rounds}`);
  process.exit(2);
}

const features = {
  mfcc_tf: { kind: "mfcc_tf", windowMs: 40, strideMs: 20, dctCoefficients: 10 },
  mfcc_op: { kind: "mfcc_op", windowMs: 40, strideMs: 20, dctCoefficients: 10 },
  log_mel: { kind: "log_mel", windowMs: 30, strideMs: 10, fftSize: 512 },
};
const libraries = ["torchaudio", "tensorflow"];
const groups = { ours: [1, 8], theirs: [1, 100] };
/** Clips that a setting computes in its turn. */
const clipsPerTurn = 200;

/** Our front end for a group of clips: a function that gives the microseconds a clip of every run of a turn. */
async function openOurs(description, target, clips) {
  const graph = retype(buildFrontend(describeFrontend(description), oneSecond), {
    inputs: { audio: [clips, oneSecond.samples] },
  });
  const program = await compile(optimize(graph), { target, threads: 1 });
  const random = new RandomStream(1);
  program.write(
    "audio",
    Float32Array.from({ length: clips * oneSecond.samples }, () => random.normal() * 0.1),
  );
  const time = () => {
    const times = [];
    for (let done = 0; done < clipsPerTurn; done += clips) {
      const start = performance.now();
      program.run();
      times.push(((performance.now() - start) * 1000) / clips);
    }
    return times;
  };
  return { time, close: () => program.close() };
}

async function casesOf(feature, targets, python) {
  const cases = [];
  for (const target of targets)
    for (const clips of groups.ours) {
      const { time, close } = await openOurs(features[feature], target, clips);
      cases.push({ column: target, clips, times: [], time, close });
    }
  for (const library of python ? libraries : [])
    for (const clips of groups.theirs) {
      const turns = Math.ceil(clipsPerTurn / clips);
      const time = async () => (await python.ask({ feature, library, clips, turns })).us;
      cases.push({ column: library, clips, times: [], time, close: () => {} });
    }
  return cases;
}

async function bench(feature, targets, python) {
  const cases = await casesOf(feature, targets, python);
  for (const c of cases) await c.time();
  for (let round = 0; round < rounds; round++)
    for (const c of cases) {
      // Threads of a library that wait in a loop have gone to sleep after this.
      await pause(5);
      c.times.push(...(await c.time()));
    }
  for (const c of cases) c.close();
  const figure = (column, clips) => {
    const found = cases.find((c) => c.column === column && c.clips === clips);
    return found ? median(found.times) : null;
  };
  const better = (library) => (python ? Math.min(...groups.theirs.map((clips) => figure(library, clips))) : null);
  return targets.map((target) => {
    const us = figure(target, 8);
    const [torchaudio, tensorflow] = libraries.map(better);
    return {
      feature,
      target,
      us,
      usSingle: figure(target, 1),
      torchaudioUs: figure("torchaudio", 1),
      torchaudioBatchUs: figure("torchaudio", 100),
      tensorflowUs: figure("tensorflow", 1),
      tensorflowBatchUs: figure("tensorflow", 100),
      ofTorchaudio: torchaudio === null ? null : torchaudio / us,
      ofTensorflow: tensorflow === null ? null : tensorflow / us,
    };
  });
}

const number = (value, digits) => (value === null ? "-" : value.toFixed(digits));

function report(lines, versions, native) {
  const head = [
    "feature",
    "target",
    "us",
    "one by one",
    "torchaudio",
    "batch",
    "TensorFlow",
    "batch",
    "ofTorchaudio",
    "ofTensorflow",
  ];
  const rows = lines.map((l) => [
    l.feature,
    l.target,
    ...[l.us, l.usSingle, l.torchaudioUs, l.torchaudioBatchUs, l.tensorflowUs, l.tensorflowBatchUs].map((v) => number(v, 1)),
    ...[l.ofTorchaudio, l.ofTensorflow].map((v) => number(v, 2)),
  ]);
  return [
    `Features of one second on one thread, microseconds a clip: medians of ${rounds} turns of ${clipsPerTurn} clips, settings interleaved.`,
    ...machineLines(native),
    `libraries    ${versions ? `torchaudio ${versions.torchaudio} (torch ${versions.torch}), TensorFlow ${versions.tensorflow}` : "not measured: name a Python that has them with --python PATH"}`,
    ...(options.note ? [`note         ${options.note}`] : []),
    "",
    ...alignedTable(head, rows, 2),
  ].join("\n");
}

async function main() {
  const native = nativeCompiler();
  const python = options.python ? new TorchProcess(options.python, undefined, "bench_features.py") : undefined;
  try {
    const versions = await python?.ready();
    const lines = [];
    for (const feature of Object.keys(features)) {
      const found = await bench(feature, native ? ["native", "wasm"] : ["wasm"], python);
      lines.push(...found);
      if (options.json) for (const line of found) console.log(JSON.stringify(line));
    }
    const text = report(lines, versions, native);
    if (!options.json) console.log(text);
    if (options.out) writeFileSync(options.out, `${text}\n`);
  } finally {
    python?.close();
  }
}

await main();
