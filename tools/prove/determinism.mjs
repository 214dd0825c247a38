// Same seed, same bits: whatever the threads and the loader's workers, and however often the training is killed. Real processes train two
// networks on a synthesised data set, each on native code and on WebAssembly. Kills are SIGKILL: before the first checkpoint, while the
// temporary file of a checkpoint lies in the folder, while a run is being resumed, and anywhere. Writes results/determinism.txt.
//
//   npm run prove:determinism [-- --moments 20] [--steps 120] [--networks ds_cnn_s,crnn] [--targets native,wasm]
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { RandomStream } from "../../dist/base/random.js";
import { defaultTarget } from "../../dist/engine/compile.js";
import { checkpointFolder, loadNewestCheckpoint } from "../../dist/train/checkpoint.js";
import { digestsOf, killedRun, program, train } from "./interrupted_run.mjs";

const { values: options } = parseArgs({
  options: {
    moments: { type: "string", default: "20" },
    steps: { type: "string", default: "120" },
    networks: { type: "string", default: "ds_cnn_s,crnn" },
    targets: { type: "string", default: defaultTarget() === "native" ? "native,wasm" : "wasm" },
    seed: { type: "string", default: "1" },
  },
});
const moments = Number(options.moments);
const steps = Number(options.steps);
const validateEvery = 4;
/** Threads of the step and workers of the loader; the lives of the killed runs have others again. */
const settings = [1, 2, 4].flatMap((threads) => [0, 1, 2, 3].map((workers) => [threads, workers]));
const folder = mkdtempSync(join(tmpdir(), "earshot-determinism-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

function synthesise() {
  const data = join(folder, "data");
  const words = ["--words", "yes,no,stop", "--per-word", "40", "--unknown-words", "bird,house,tree", "--unknown-per-word", "12"];
  execFileSync(process.execPath, [program, "data", "synth", "--out", data, ...words, "--seed", "1", "--json"], { stdio: "pipe" });
  return data;
}

function writeRecipe(network, data) {
  const published = network === "ds_cnn_s" ? [] : ["--recipe", "published"];
  const run = join(folder, `${network}-recipe`);
  const sizes = [
    "--steps",
    String(steps),
    "--validate-every",
    String(validateEvery),
    "--patience",
    "25",
    "--batch",
    "16",
    "--seed",
    "5",
  ];
  const learning = ["--optimizer", "adam", "--schedule", "cosine", "--learning-rate", "0.002", "--label-smoothing", "0.05"];
  const augmentation = ["--resample", "0.15", "--time-shift", "100", "--noise-frequency", "0.8", "--spec-augment", "1,8,1,2"];
  const task = ["--words", "yes,no,stop"];
  const args = ["train", network, ...published, "--data", data, ...task, ...sizes, ...learning, ...augmentation];
  // Two steps write the recipe as the command line makes it; then it is given its length.
  execFileSync(process.execPath, [program, ...args, "--steps", "2", "--out", run, "--target", "wasm", "--no-evaluate"], {
    stdio: "pipe",
  });
  const recipe = { ...JSON.parse(readFileSync(join(run, "recipe.json"), "utf8")), steps };
  const file = join(folder, `${network}.json`);
  writeFileSync(file, JSON.stringify(recipe));
  return file;
}

/** Cuts the newest checkpoint of a finished run at many lengths; every time the one before must be what is loaded. */
async function cutCheckpoint(run) {
  const cut = join(folder, "cut");
  mkdirSync(join(cut, checkpointFolder), { recursive: true });
  const names = readdirSync(join(run, checkpointFolder)).toSorted();
  for (const name of names) copyFileSync(join(run, checkpointFolder, name), join(cut, checkpointFolder, name));
  const newest = join(cut, checkpointFolder, names.at(-1));
  const whole = readFileSync(newest);
  const before = Number(names.at(-2).slice(5, 14));
  // Every byte of the first 64, every border of a page, of a disk's block and of a write, and 500 lengths between.
  const lengths = new Set(Array.from({ length: 64 }, (_, i) => i));
  for (let at = 0; at < whole.length; at += 4096) for (const near of [at - 1, at, at + 1]) lengths.add(near);
  for (let i = 0; i < 500; i++) lengths.add(new RandomStream(Number(options.seed), 1, i).integer(whole.length));
  const sorted = [...lengths].filter((length) => length >= 0 && length < whole.length).toSorted((a, b) => b - a);
  for (const length of sorted) {
    truncateSync(newest, length);
    const { checkpoint, skipped } = await loadNewestCheckpoint(cut);
    if (checkpoint?.state.step !== before || skipped.length !== 1 || !skipped[0].why.includes(newest))
      throw new Error(`a checkpoint cut to ${length} bytes was not skipped`);
  }
  rmSync(cut, { recursive: true });
  return `${sorted.length} lengths of a checkpoint of ${whole.length} bytes: the one before was loaded each time, and the message names the cut one`;
}

const lines = [];
/** Prints a line, and writes all so far: a long proof that is stopped leaves what it has shown. */
const say = (text) => {
  lines.push(text);
  console.log(text);
  mkdirSync("results", { recursive: true });
  writeFileSync("results/determinism.txt", `${lines.join("\n")}\n`);
};
let failures = 0;

/** Says the digests beside those of the first run, and counts a difference. */
function compare(title, digests, reference) {
  const same = ["last", "best", "metrics"].every((key) => digests[key] === reference[key]);
  if (!same) failures++;
  say(`${title.padEnd(44)} ${digests.last}  ${digests.best}  ${digests.metrics}  ${same ? "same" : "DIFFERENT"}`);
}

const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
say(
  `${new Date().toISOString().slice(0, 10)}, commit ${commit}, ${cpus()[0].model}, ${cpus().length} cores, Node ${process.version}`,
);
say(`npm run prove:determinism -- --moments ${moments} --steps ${steps}`);
say("SHA-256 (first 12 digits) of the tensors of last.safetensors and best.safetensors, and of metrics.jsonl without times");
const data = synthesise();
for (const network of options.networks.split(",")) {
  const recipe = writeRecipe(network, data);
  for (const target of options.targets.split(",")) {
    let reference;
    let timing;
    say(`\n${network}, ${target}`);
    say(`${"".padEnd(44)} ${"last".padEnd(12)}  ${"best".padEnd(12)}  metrics`);
    for (const [threads, workers] of settings) {
      const run = join(folder, `${network}-${target}-${threads}-${workers}`);
      const outcome = await train({ run, recipe, target, threads, workers });
      const digests = digestsOf(run);
      // Of the last: the first one may have had to compile.
      timing = { ...outcome, validateEvery };
      if (reference === undefined) {
        reference = digests;
        say(`(${outcome.summary.steps} steps, ended by ${outcome.summary.end}, best at step ${outcome.summary.bestStep})`);
      }
      compare(`${threads} threads, ${workers} workers`, digests, reference);
      if (threads !== 1 || workers !== 0) rmSync(run, { recursive: true });
    }
    const { kills, runs } = await killedRun({
      folder,
      name: `${network}-${target}`,
      recipe,
      target,
      moments,
      timing,
      seed: Number(options.seed),
    });
    for (const [i, digests] of runs.entries()) {
      const count = kills.filter((kill) => kill.run === i).length;
      compare(`killed ${count} times, resumed each time`, digests, reference);
    }
    for (const kind of new Set(kills.map((kill) => kill.kind))) {
      const own = kills.filter((each) => each.kind === kind);
      say(`  ${String(own.length).padStart(2)} x SIGKILL ${kind}: ${own.map((each) => each.found).join("; ")}`);
    }
    if (network === options.networks.split(",")[0]) say(`  ${await cutCheckpoint(join(folder, `${network}-${target}-1-0`))}`);
  }
}
say(failures === 0 ? "\nall the same" : `\n${failures} DIFFERENT`);
process.exitCode = failures === 0 ? 0 : 1;
