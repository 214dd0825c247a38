/**
 * npm run bench:stream [-- --calibrate FEATURES] [--models svdf,ds_cnn_s] [--rounds N] [--json] [--out FILE]
 *
 * One step of a streaming model (samples in, probabilities out, context form) on one core: in Node in WebAssembly and native, and the
 * exported C program compiled for this machine; with --calibrate the integer models, too. All settings take turns, each as a run of
 * some milliseconds; processor time of the process, the least of all runs, microseconds a step. The share of a core is that of the
 * sound that a step takes.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { RandomStream } from "../../dist/base/random.js";
import { ModelStream } from "../../dist/detect/model_stream.js";
import { nativeCompiler } from "../../dist/engine/native_target.js";
import { loadModel } from "../../dist/formats/model_file.js";
import { rateOf } from "../../dist/formats/model_rate.js";
import { resolveModel } from "../../dist/formats/shipped.js";
import { cpuNamed } from "../../dist/targets/c/cpu.js";
import { exportC } from "../../dist/targets/c/export.js";
import { alignedTable, machineLines } from "./bench_report.mjs";

const { values: options } = parseArgs({
  options: {
    calibrate: { type: "string" },
    models: { type: "string", default: "svdf,ds_cnn_s" },
    rounds: { type: "string", default: "40" },
    json: { type: "boolean", default: false },
    out: { type: "string" },
  },
});
const rounds = Number(options.rounds);
if (!Number.isInteger(rounds) || rounds < 1) {
  console.error(`--rounds must be a whole number from 1, found ${options.rounds}`);
  process.exit(2);
}

/** Most of a core that a step may take. */
const allowedShare = 0.005;
/** Seconds of sound of one run, which take some milliseconds. */
const soundSeconds = 4;
const flags = ["-O3", "-march=native", "-ffp-contract=off"];

const folder = mkdtempSync(join(tmpdir(), "earshot-bench-stream-"));
const native = await nativeCompiler();
const random = new RandomStream(1);

const processorTime = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

/** A function that runs the sound once and gives microseconds a step. */
async function openInNode(model, target) {
  const stream = await ModelStream.open(model, { form: "context", input: "audio", target });
  const { chunk } = stream.program.graph;
  const steps = Math.floor((soundSeconds * rateOf(model)) / chunk);
  const sound = Float32Array.from({ length: steps * chunk }, () => 0.1 * random.normal());
  const run = () => {
    const before = processorTime();
    stream.feed(sound);
    return (processorTime() - before) / steps;
  };
  return { run, close: () => stream.close() };
}

const program = (prefix, samples, steps) => `#include "${prefix}.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
static int16_t sound[${samples}];
static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec;
}
int main(int count, char **arguments) {
  int32_t results = 0;
  for (int i = 0; i < ${samples}; i++) sound[i] = (int16_t)((rand() & 8191) - 4096);
  ${prefix}_reset();
  for (int i = 0, runs = count > 1 ? atoi(arguments[1]) : 1; i < runs; i++) {
    double before = now();
    results += ${prefix}_feed(sound, ${samples});
    printf("%.3f\\n", (now() - before) / ${steps});
  }
  return results == 0;
}
`;

/** The exported program, compiled: a function as above. */
function openInC(model, name, chunk) {
  const steps = Math.floor((soundSeconds * rateOf(model)) / chunk);
  const made = exportC(model, {
    prefix: name,
    cpu: cpuNamed("generic"),
    floatAbi: "hard",
    features: "device",
    rate: rateOf(model),
    stream: { form: "context" },
  });
  const at = join(folder, name);
  execFileSync("mkdir", ["-p", at]);
  for (const { name: file, text } of made.files) writeFileSync(join(at, file), text);
  writeFileSync(join(at, "main.c"), program(name, steps * chunk, steps));
  execFileSync(native.command, [...flags, `${name}.c`, "main.c", "-o", "program"], { cwd: at });
  const run = () => Math.min(...execFileSync(join(at, "program"), ["5"], { encoding: "utf8" }).trim().split("\n").map(Number));
  return { run, close: () => {} };
}

/** The shipped model, or its integer form with ranges from training arrays. */
async function modelOf(name, kind) {
  if (kind === "float") return loadModel(resolveModel(name));
  const out = join(folder, `${name}_int8.safetensors`);
  const main = new URL("../../dist/cli/main.js", import.meta.url).pathname;
  execFileSync(process.execPath, [main, "quantize", name, "--calibrate", options.calibrate, "--out", out], { stdio: "ignore" });
  return loadModel(out);
}

const settings = [];
try {
  for (const name of options.models.split(","))
    for (const kind of options.calibrate === undefined ? ["float"] : ["float", "int8"]) {
      const model = await modelOf(name, kind);
      const probe = await ModelStream.open(model, { form: "context", input: "audio", target: "wasm" });
      const { chunk } = probe.program.graph;
      probe.close();
      const common = { model: name, kind, stepMs: (1000 * chunk) / rateOf(model) };
      settings.push({ ...common, where: "node wasm", ...(await openInNode(model, "wasm")) });
      if (!native) continue;
      settings.push({ ...common, where: "node native", ...(await openInNode(model, "native")) });
      settings.push({ ...common, where: "c", ...openInC(model, `${name}_${kind}`, chunk) });
    }
  const best = settings.map(() => Infinity);
  for (let round = 0; round < rounds; round++) for (const [i, { run }] of settings.entries()) best[i] = Math.min(best[i], run());
  const figures = settings.map(({ model, kind, where, stepMs }, i) => ({
    model,
    kind,
    where,
    stepMs,
    microseconds: best[i],
    share: best[i] / (1000 * stepMs),
  }));
  const rows = figures.map(({ model, kind, where, stepMs, microseconds, share }) => [
    model,
    kind,
    where,
    `${stepMs} ms`,
    microseconds.toFixed(1),
    `${(100 * share).toFixed(3)} %`,
    share <= allowedShare ? "reached" : "FALLS SHORT",
  ]);
  const head = ["model", "kind", "where", "a step hears", "us a step", "of a core", `at most ${100 * allowedShare} %`];
  const text = [
    "npm run bench:stream: a step of the context form, samples to probabilities, one core, processor time, least of many runs",
    ...machineLines(native),
    `C            ${native ? [native.command, ...flags].join(" ") : "no compiler"}`,
    "",
    ...alignedTable(head, rows, 3),
    "",
  ].join("\n");
  console.log(options.json ? JSON.stringify(figures) : text);
  if (options.out !== undefined) writeFileSync(options.out, options.json ? `${JSON.stringify(figures, null, 2)}\n` : text);
} finally {
  for (const { close } of settings) close();
  rmSync(folder, { recursive: true, force: true });
}
