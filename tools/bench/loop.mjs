/**
 * npm run bench:loop [-- --json] [--data FOLDER] [--features ARCHIVE] [--network NAME] [--steps N] [--target NAME] [--out FILE]
 *
 * The whole training loop on this machine (batch 100):
 *   loader     core-time of a clip, native and in WebAssembly: 16-bit files in the page cache, linear resample 0.15, shift 100 ms,
 *              noise 0.8/0.1, SpecAugment, mfcc_tf 40/20 ms; no reverberation, no rate conversion
 *   bare       one training step on a batch that is there, on all cores
 *   WAV        one step with its batch from the loader; `ratio`: to the bare step's wall time + loader core-time of a batch / cores
 *   archives   the same from an archive of features; `ofBare`: the bare step's time divided by it
 * Bare steps and loop steps take turns; medians. Folders: EARSHOT_DATA/speech_commands and EARSHOT_DATA/features unless told.
 */
import { existsSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { nativeCompiler } from "../../dist/engine/native_target.js";
import { frontendPreset } from "../../dist/frontend/presets.js";
import { assemble } from "../../dist/train/assemble.js";
import { BatchMaker } from "../../dist/train/batch_maker.js";
import { openLoader } from "../../dist/train/loader.js";
import { allocateBatch } from "../../dist/train/loader_plan.js";
import { parseRecipe } from "../../dist/train/recipe.js";
import { planThreads } from "../../dist/train/threads.js";
import { Trainer } from "../../dist/train/trainer.js";
import { alignedTable, machineLines, median } from "./bench_report.mjs";

const root = process.env.EARSHOT_DATA ?? "";
const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    data: { type: "string", default: join(root, "speech_commands") },
    features: { type: "string", default: join(root, "features") },
    network: { type: "string", default: "ds_cnn_s" },
    steps: { type: "string", default: "160" },
    target: { type: "string" },
    note: { type: "string" },
    out: { type: "string" },
  },
});
const steps = Number(options.steps);
if (!Number.isInteger(steps) || steps < 8) {
  console.error(`--steps must be a whole number from 8, found ${options.steps}`);
  process.exit(2);
}
const rounds = 8;
const cores = availableParallelism();
const batch = 100;

const augmentation = {
  waveform: { resample: 0.15, timeShiftMilliseconds: 100, noiseFrequency: 0.8, noiseVolume: 0.1 },
  specAugment: {},
};
const common = { model: { name: options.network }, batch, steps: 1_000_000, augmentation };
const fromSounds = () =>
  parseRecipe(
    { ...common, frontend: { kind: "mfcc_tf", dctCoefficients: 10 }, data: [{ kind: "sounds", path: options.data }] },
    "the bench",
  );
/** The archive's own front end, every second frame and ten coefficients of it: as many features as the sounds give. */
async function fromArchive() {
  const { openArchive } = await import("../../dist/corpus/archive.js");
  const archive = openArchive(options.features);
  const frontend = {
    ...(archive.description.frontend ?? frontendPreset("log_mel_4k")),
    frameStep: 2,
    dctCoefficients: 10,
    scale: 0.02,
    offset: -1,
  };
  archive.close();
  return parseRecipe({ ...common, frontend, data: [{ kind: "archive", path: options.features }] }, "the bench");
}

/** Core-time of the loader, microseconds a clip: medians over batches of processor time and of wall time on one thread. */
async function loaderCost(recipe, target) {
  const { plan } = await assemble(recipe, target);
  const maker = await BatchMaker.open(plan);
  const out = allocateBatch(plan, false);
  const core = [];
  const wall = [];
  for (let step = 1; step <= steps + 10; step++) {
    const before = process.cpuUsage();
    const start = performance.now();
    await maker.make(step, out);
    const elapsed = performance.now() - start;
    const { user, system } = process.cpuUsage(before);
    if (step <= 10) continue;
    core.push((user + system) / plan.batch);
    wall.push((elapsed * 1000) / plan.batch);
  }
  maker.close();
  return { us: median(core), wallUs: median(wall), leastUs: Math.min(...wall) };
}

/** Milliseconds of bare steps and of steps of the loop, turn by turn. */
async function loopCost(recipe, target) {
  const assembly = await assemble(recipe, target);
  const { workers, threads, takeTurns } = planThreads(undefined, undefined);
  const trainer = await Trainer.open(assembly.graph, recipe, { target, threads });
  trainer.initialize();
  const loader = await openLoader({ ...assembly.plan, target: trainer.target }, 1, { workers, takeTurns });
  const bare = [];
  const loop = [];
  let step = 0;
  let last = await loader.next();
  for (let i = 0; i < 5; i++) trainer.step(last, 1e-3, ++step);
  const each = Math.ceil(steps / rounds);
  for (let round = 0; round < rounds; round++) {
    const before = performance.now();
    for (let i = 0; i < each; i++) trainer.step(last, 1e-3, ++step);
    bare.push((performance.now() - before) / each);
    // Batches that were made in advance during the turn before are used up first.
    for (let i = 0; i < 6; i++) {
      last = await loader.next();
      trainer.step(last, 1e-3, ++step);
    }
    const start = performance.now();
    for (let i = 0; i < each; i++) {
      last = await loader.next();
      trainer.step(last, 1e-3, ++step);
    }
    // Batches come several at a time, so the loop is measured a turn at a time, and the bare steps as well.
    loop.push((performance.now() - start) / each);
  }
  const { memory } = loader;
  await loader.close();
  trainer.close();
  return { bareMs: median(bare), loopMs: median(loop), threads, workers: memory.workers, takeTurns, memory };
}

const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MB`;

async function main() {
  const native = nativeCompiler();
  const all = native ? ["native", "wasm"] : ["wasm"];
  const targets = options.target ? [options.target] : all;
  const lines = [];
  const missing = [];
  if (!existsSync(options.data)) missing.push(`sounds: there is no folder ${options.data || "named"}; name it with --data`);
  if (!existsSync(options.features))
    missing.push(`archives: there is no ${options.features || "archive named"}; name it with --features`);
  for (const target of targets) {
    let loader;
    if (existsSync(options.data)) {
      loader = await loaderCost(fromSounds(), target);
      const found = await loopCost(fromSounds(), target);
      const bound = found.bareMs + (loader.us * batch) / 1000 / cores;
      lines.push({
        from: "WAV",
        target,
        loaderUs: loader.us,
        loaderWallUs: loader.wallUs,
        ...found,
        boundMs: bound,
        ratio: found.loopMs / bound,
      });
    }
    if (existsSync(options.features)) {
      const recipe = await fromArchive();
      const cost = await loaderCost(recipe, target);
      const found = await loopCost(recipe, target);
      lines.push({
        from: "archive",
        target,
        loaderUs: cost.us,
        loaderWallUs: cost.wallUs,
        ...found,
        ofBare: found.bareMs / found.loopMs,
      });
    }
  }
  if (options.json) for (const line of lines) console.log(JSON.stringify({ network: options.network, ...line }));
  const number = (value, digits) => (value === undefined ? "-" : value.toFixed(digits));
  const head = [
    "from",
    "target",
    "loader us",
    "wall",
    "bare ms",
    "loop ms",
    "bound",
    "ratio",
    "ofBare",
    "threads",
    "workers",
    "memory",
  ];
  const rows = lines.map((l) => [
    l.from,
    l.target,
    ...[l.loaderUs, l.loaderWallUs].map((v) => number(v, 0)),
    ...[l.bareMs, l.loopMs, l.boundMs].map((v) => number(v, 2)),
    ...[l.ratio, l.ofBare].map((v) => number(v, 2)),
    String(l.threads),
    `${l.workers}${l.takeTurns ? ", in turns" : ""}`,
    mebibytes(l.memory.bytes),
  ]);
  const text = [
    `The training loop of ${options.network}, batch ${batch}, ${cores} cores: medians, bare steps and loop in turns.`,
    ...machineLines(native),
    ...missing.map((line) => `not measured  ${line}`),
    ...(options.note ? [`note         ${options.note}`] : []),
    "",
    ...(rows.length > 0 ? alignedTable(head, rows, 2) : []),
  ].join("\n");
  if (!options.json) console.log(text);
  if (options.out) writeFileSync(options.out, `${text}\n`);
}

await main();
