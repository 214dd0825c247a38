/**
 * npm run bench:train [-- --json] [--python PATH] [--networks a,b] [--steps N] [--tcmalloc PATH] [--out FILE]
 *
 * One training step (forward, backward, Adam; the batch of the network's published training) native and in WebAssembly beside
 * PyTorch, interleaved: every setting takes a few steps in turn, round after round; medians over all rounds. The first steps of a turn
 * do not count, in ours and in PyTorch's, until 60 ms have passed, at least one: they find caches full of what another setting left,
 * a processor at rest and sleeping threads, which the system may wake on one processor and part only after some ten milliseconds, as
 * no step of a training does but its first ones.
 *
 * --json prints one line a case, with the same names; compile times beside them.
 *
 * Columns: `tcmalloc` and `both` preload that library, without and with channels_last; `ratio` and `best` are PyTorch as
 * installed and its best setting, divided by ours; `ofPeak` is against the multiply-add peak of the same target and
 * threads; `cold` and `cached` are compile times: native from the cache on disk, WebAssembly from the engine's, which holds
 * as long as another program of the same code is open.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";

const all = "ds_cnn_s,ds_cnn_l,dnn_l,svdf,crnn,lstm,gru,att_mh_rnn,bc_resnet_1,ds_tc_resnet,resnet18,fastgrnn";
const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    python: { type: "string" },
    tcmalloc: { type: "string" },
    networks: { type: "string", default: all },
    steps: { type: "string", default: "30" },
    note: { type: "string" },
    out: { type: "string" },
  },
});
const networks = options.networks.split(",");
const steps = Number(options.steps);
if (!Number.isInteger(steps) || steps < 1) {
  console.error(`--steps must be a whole number from 1, found ${options.steps}`);
  process.exit(2);
}
/** Steps that one setting takes before it is the next one's turn. */
const stepsPerTurn = Math.max(1, Math.min(5, Math.floor(steps / 5)));
const rounds = Math.ceil(steps / stepsPerTurn);
/** Threads of PyTorch that wait in a loop have gone to sleep after this. */
const restMilliseconds = 50;
/** What a turn takes before its steps count. */
const settlingMilliseconds = 60;

// A cache of compiled programs of its own, so that cold means cold; set before the engine is loaded.
const cache = mkdtempSync(join(tmpdir(), "earshot-bench-"));
process.env.XDG_CACHE_HOME = cache;
const { nativeCompiler } = await import("../../dist/engine/native_target.js");
const { nativePeak, wasmPeak } = await import("./multiply_add_peak.mjs");
const { openStep, stepOf } = await import("./step_program.mjs");
const { TorchProcess } = await import("./torch_process.mjs");

const median = (list) => {
  const sorted = [...list].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};

function findTcmalloc() {
  if (options.tcmalloc) return existsSync(options.tcmalloc) ? options.tcmalloc : undefined;
  for (const folder of ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"])
    if (existsSync(folder))
      for (const name of readdirSync(folder)) if (/^libtcmalloc(_minimal)?\.so\.\d+$/.test(name)) return join(folder, name);
  return undefined;
}

/** PyTorch's settings: [column, process, channels_last]. */
async function startTorch() {
  if (!options.python)
    return { settings: [], version: "not measured: name a Python that has it with --python PATH", tcmalloc: "" };
  const plain = new TorchProcess(options.python);
  const { torch, parameters } = await plain.ready();
  const settings = [
    { column: "torch", process: plain, channelsLast: false },
    { column: "torch channels_last", process: plain, channelsLast: true },
  ];
  const library = findTcmalloc();
  if (library) {
    const preloaded = new TorchProcess(options.python, library);
    await preloaded.ready();
    settings.push({ column: "torch tcmalloc", process: preloaded, channelsLast: false });
    settings.push({ column: "torch channels_last tcmalloc", process: preloaded, channelsLast: true });
  }
  return { settings, parameters, version: torch, tcmalloc: library ? "preloaded" : "not installed" };
}

/** Our programs of a network, native and in WebAssembly on 1 and 2 threads, each compiled cold and again. */
async function openOurs(step, native) {
  const ours = [];
  for (const target of native ? ["native", "wasm"] : ["wasm"])
    for (const threads of [1, 2]) {
      // Another number of threads is the same native code, and was compiled cold before.
      const cold = ours.find((o) => o.target === target && target === "native")?.coldMs;
      const opened = await openStep(step, target, threads);
      if (opened.program.threads !== threads)
        throw new Error(`${target} gives ${opened.program.threads} threads, not ${threads}`);
      const again = await openStep(step, target, threads);
      const cachedMs = again.program.compileMilliseconds;
      again.program.close();
      ours.push({ target, threads, coldMs: cold ?? opened.program.compileMilliseconds, cachedMs, ...opened });
    }
  return ours;
}

async function benchNetwork(network, torch, native) {
  const step = stepOf(network);
  const expected = torch.parameters?.[network];
  if (expected !== undefined && expected !== step.parameters)
    throw new Error(`${network} has ${step.parameters} parameters, PyTorch's has ${expected}: not the same network`);
  const ours = await openOurs(step, native);
  const cases = ours.map((o) => ({ ...o, times: [], run: (count) => o.time(count) }));
  for (const threads of [1, 2])
    for (const { column, process: torchProcess, channelsLast } of torch.settings)
      cases.push({
        column,
        threads,
        times: [],
        run: (count) => torchProcess.time(network, step.batch, threads, channelsLast, count),
      });
  for (const c of cases) c.settling = Math.max(1, Math.ceil(settlingMilliseconds / median(await c.run(stepsPerTurn + 1))));
  for (let round = 0; round < rounds; round++)
    for (const c of cases) {
      await pause(restMilliseconds);
      c.times.push(...(await c.run(c.settling + stepsPerTurn)).slice(c.settling));
    }
  for (const o of ours) if (!Number.isFinite(o.loss())) throw new Error(`${network}, ${o.target}: the loss is ${o.loss()}`);
  for (const o of ours) o.program.close();
  return { step, cases };
}

function linesOf(network, { step, cases }, peaks) {
  const torchOf = (threads) =>
    Object.fromEntries(cases.filter((c) => c.column && c.threads === threads).map((c) => [c.column, median(c.times)]));
  return cases
    .filter((c) => c.target)
    .map(({ target, threads, times, coldMs, cachedMs, program }) => {
      const torch = torchOf(threads);
      const ms = median(times);
      const torchMs = torch.torch ?? null;
      const torchBestMs = torchMs === null ? null : Math.min(...Object.values(torch));
      return {
        network,
        threads,
        target,
        ms,
        torchMs,
        torchBestMs,
        ratio: torchMs === null ? null : torchMs / ms,
        ratioBest: torchBestMs === null ? null : torchBestMs / ms,
        ofPeak: step.flops / ms / 1e6 / peaks[target][threads],
        peakMemory: program.peakBytes,
        coldMs,
        cachedMs,
        torch,
      };
    });
}

async function measurePeaks(native) {
  const peaks = { native: {}, wasm: {} };
  if (native) for (const threads of [1, 2]) peaks.native[threads] = await nativePeak(native, threads);
  for (const threads of [1, 2]) peaks.wasm[threads] = await wasmPeak(threads);
  peaks.plain = await wasmPeak(1, false);
  return peaks;
}

const number = (value, digits = 1) => (value === null || value === undefined ? "-" : value.toFixed(digits));

function header(torch, peaks, native) {
  const git = (...words) => execFileSync("git", words, { encoding: "utf8" }).trim();
  const changed = git("status", "--porcelain", "--", "src", "tools/bench") ? " with changes" : "";
  return [
    `One training step: forward, backward, Adam; batch 100, resnet18 and fastgrnn 128; medians of ${rounds * stepsPerTurn} steps, settings interleaved, the first 60 ms of each turn not counted.`,
    `machine      ${cpus()[0]?.model.trim()}, ${cpus().length} cores; Node ${process.version}`,
    `compiler     ${native ? `${native.command}, ${native.lanes} lanes, ${native.registers} registers` : "none: no native columns"}`,
    `date         ${new Date().toISOString().slice(0, 16)}Z, commit ${git("rev-parse", "--short", "HEAD")}${changed}`,
    `PyTorch      ${torch.version}${torch.tcmalloc ? `; tcmalloc ${torch.tcmalloc}` : ""}`,
    `peak         f32 multiply-adds, GFLOP/s: native ${number(peaks.native[1])} (1 thread), ${number(peaks.native[2])} (2 threads); wasm ${number(peaks.wasm[1])} (1 thread), ${number(peaks.wasm[2])} (2 threads), ${number(peaks.plain)} without relaxed SIMD`,
    ...(options.note ? [`note         ${options.note}`] : []),
  ];
}

const columns = ["torch", "torch channels_last", "torch tcmalloc", "torch channels_last tcmalloc"];

function table(lines, tcmalloc) {
  const head = [
    "network",
    "threads",
    "target",
    "ms",
    "torch",
    "ch_last",
    "tcmalloc",
    "both",
    "ratio",
    "best",
    "ofPeak",
    "memory",
    "cold",
    "cached",
  ];
  const missing = tcmalloc === "not installed" ? "not installed" : "-";
  const rows = lines.map((l) => [
    l.network,
    String(l.threads),
    l.target,
    number(l.ms),
    ...columns.map((c) => (l.torch[c] === undefined ? (c.includes("tcmalloc") ? missing : "-") : number(l.torch[c]))),
    number(l.ratio, 2),
    number(l.ratioBest, 2),
    number(l.ofPeak, 2),
    `${number(l.peakMemory / 2 ** 20)} MiB`,
    `${number(l.coldMs, 0)} ms`,
    `${number(l.cachedMs, 0)} ms`,
  ]);
  const widths = head.map((h, i) => Math.max(h.length, ...rows.map((r) => r[i].length)));
  return [head, ...rows].map((r) => r.map((cell, i) => (i < 3 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  "));
}

async function main() {
  const native = nativeCompiler();
  const torch = await startTorch();
  try {
    const before = await measurePeaks(native);
    const lines = [];
    for (const network of networks) {
      if (!options.json) console.error(`${network} ...`);
      const found = linesOf(network, await benchNetwork(network, torch, native), before);
      lines.push(...found);
      if (options.json) for (const { torch: _, ...line } of found) console.log(JSON.stringify(line));
    }
    const text = [...header(torch, before, native), "", ...table(lines, torch.tcmalloc)].join("\n");
    if (!options.json) console.log(text);
    if (options.out) {
      writeFileSync(`${options.out}.txt`, `${text}\n`);
      writeFileSync(`${options.out}.json`, `${lines.map((line) => JSON.stringify(line)).join("\n")}\n`);
    }
  } finally {
    for (const { process: torchProcess } of torch.settings) torchProcess.close();
    rmSync(cache, { recursive: true, force: true });
  }
}

await main();
