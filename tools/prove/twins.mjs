// Published trainings beside the same trainings in PyTorch: the same first parameters, the very batches, the same masks; the losses must be the same.
//   npm run prove:twins -- --python PATH DATA/speech_commands [RECIPE ...]
//   node tools/prove/twins.mjs --text   (writes the table anew)
// `--steps N` for other than 200 steps of the recipes that are slow to fall (results/recipes.txt) and 30 of the others, `--sparse-by N` to train the
// recipes with hard thresholds as if they had N steps, `--double N` for other than 3 steps in double precision, which WebAssembly computes (a C
// compiler takes longer than the steps), `--double-on native` for another target; `--target wasm` for the others; `--seconds N`: a recipe whose steps,
// of either precision, take longer in all gets fewer of them. tools/prove/twin/compare.py says what PyTorch computes.
// `--yardstick` lets PyTorch train all steps in float64, too: how far its float32 goes astray by itself.
// Writes results/twins.json, in which the rows of other recipes stay, and results/twins.txt from it.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync, closeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeSafetensors } from "../../dist/formats/safetensors.js";
import { initializeParameters } from "../../dist/graph/initialize.js";
import { retype } from "../../dist/graph/retype.js";
import { assemble } from "../../dist/train/assemble.js";
import { openLoader } from "../../dist/train/loader.js";
import { isNormalised, normalisation } from "../../dist/train/normalise.js";
import { parseRecipe } from "../../dist/train/recipe.js";
import { beginsEmpty, thrownAfter } from "../../dist/train/rolling.js";
import { learningRateAt } from "../../dist/train/schedule.js";
import { Trainer } from "../../dist/train/trainer.js";
import { publishedTraining, recipeNames } from "../../dist/zoo/recipes/index.js";
import { TorchProcess } from "../bench/torch_process.mjs";
import { DoubleTrainer } from "./twin/double.mjs";
import { taskOf, tensorsOf } from "./twin/folder.mjs";
import { rowOf, textOf } from "./twin/table.mjs";

/** Steps after which all tensors are compared. */
const compared = [1, 20];
/** Steps whose batches a network that normalises its features takes its moments from. */
const normalisedSteps = 100;

const { values: options, positionals } = parseArgs({
  options: {
    python: { type: "string", default: "python3" },
    steps: { type: "string" },
    "sparse-by": { type: "string" },
    double: { type: "string", default: "3" },
    target: { type: "string", default: "auto" },
    seconds: { type: "string", default: "600" },
    "double-on": { type: "string", default: "wasm" },
    yardstick: { type: "boolean" },
    text: { type: "boolean" },
    /** Set by this script itself: writes one recipe's folder. */
    into: { type: "string" },
  },
  allowPositionals: true,
});
const file = "results/twins.json";

/** CPU time of what is computed, and whether there is some left. */
class Clock {
  #left;

  constructor(seconds) {
    this.#left = 1000 * seconds;
  }

  /** Milliseconds that the work takes. */
  time(work) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    this.#left -= (user + system) / 1000;
    return (user + system) / 1000;
  }

  hasTime() {
    return this.#left > 0;
  }
}

/** Trains with earshot and writes all that the twin needs. */
async function write(sounds, name, folder, steps) {
  const published = publishedTraining(name).recipe;
  const sparseBy = published.sparsity && options["sparse-by"] ? { steps: Number(options["sparse-by"]) } : {};
  const recipe = parseRecipe({ ...published, ...sparseBy, data: [{ kind: "sounds", path: sounds }] }, name);
  const { graph: clip, trainingGraph, passes, plan } = await assemble(recipe, "auto");
  const rolling = trainingGraph && passes;
  const graph = trainingGraph ?? clip;
  const { batch, seed } = recipe;
  const [frames, bins] = graph.inputs[0].value.type.shape.slice(1);
  const trainer = await Trainer.open(graph, recipe, { target: options.target, threads: 1, rolling });
  const open = () => openLoader({ ...plan, target: trainer.target }, 1, { workers: 0 });
  let given = new Map();
  if (isNormalised(graph)) {
    const loader = await open();
    given = await normalisation(() => loader.next(), { steps: normalisedSteps, batch, frames, features: bins });
    await loader.close();
  }
  trainer.initialize(given);
  const first = new Map([...initializeParameters(graph, seed)].map(([key, values]) => [key, given.get(key) ?? values]));
  const typed = retype(graph, { inputs: { features: [batch, frames, bins] } });
  const save = (place, tensors) =>
    writeFileSync(join(folder, place), writeSafetensors({ tensors: tensorsOf(typed, tensors), metadata: new Map() }));
  save("first.safetensors", first);
  const double = await DoubleTrainer.open(graph, recipe, first, options["double-on"]);
  const [clock, doubleClock] = [new Clock(Number(options.seconds)), new Clock(Number(options.seconds))];
  const ours = { losses: [], double: [], milliseconds: [], rates: [], target: trainer.target };
  const moves = [];
  const batches = openSync(join(folder, "batches.bin"), "w");
  const loader = await open();
  for (let step = 1; step <= steps && clock.hasTime(); step++) {
    const made = await loader.next();
    for (const values of [made.features, made.targets, made.weights])
      writeSync(batches, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    const rate = learningRateAt(recipe.schedule, step, recipe.steps);
    ours.milliseconds.push(clock.time(() => ours.losses.push(trainer.step(made, rate, step).loss)));
    ours.rates.push(rate);
    const begin = rolling && { empty: beginsEmpty(passes, step), moves: thrownAfter(step, batch, seed) };
    if (rolling) moves.push(begin);
    if (ours.double.length === step - 1 && step <= Number(options.double) && doubleClock.hasTime()) {
      doubleClock.time(() => ours.double.push(double.step(made, rate, step, begin)));
      save(`double_${step}.safetensors`, double.tensors());
    }
    if (compared.includes(step)) save(`after_${step}.safetensors`, trainer.tensors());
  }
  closeSync(batches);
  await loader.close();
  double.close();
  trainer.close();
  writeFileSync(
    join(folder, "task.json"),
    JSON.stringify({ ...taskOf(typed, recipe, rolling ? moves : null), yardstick: options.yardstick === true, ours }),
  );
}

/** Runs a command; gives what it printed. */
function run(command, words) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { stdio: ["ignore", "pipe", "pipe"] });
    const texts = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"]) child[name].setEncoding("utf8").on("data", (text) => (texts[name] += text));
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve(texts.stdout) : reject(new Error(texts.stderr.trim().split("\n").slice(-8).join("\n"))),
    );
  });
}

function keep(name, row) {
  mkdirSync("results", { recursive: true });
  const before = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : [];
  const rows = [...before.filter((r) => r.recipe !== name), row].toSorted((a, b) => (a.recipe < b.recipe ? -1 : 1));
  writeFileSync(file, `${JSON.stringify(rows, null, 1)}\n`);
  writeFileSync("results/twins.txt", textOf(rows, recipeNames()));
}

/** The recipes that prove:recipes finds slow to fall. */
function slow() {
  const recipes = "results/recipes.json";
  if (!existsSync(recipes)) return new Set();
  return new Set(JSON.parse(readFileSync(recipes, "utf8")).flatMap(({ recipe, ratio }) => (ratio > 0.8 ? [recipe] : [])));
}

async function compare(name, folder, torch, version) {
  try {
    const theirs = await torch.ask({ folder });
    const { ours } = JSON.parse(readFileSync(join(folder, "task.json"), "utf8"));
    const sparseBy = publishedTraining(name).recipe.sparsity && options["sparse-by"];
    const row = rowOf(sparseBy ? `${name}, sparse by ${sparseBy}` : name, ours, { ...theirs, torch: version });
    keep(row.recipe, row);
    console.log(JSON.stringify(row));
  } catch (error) {
    console.error(`${name}: ${error.message}`);
    process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main() {
  const [sounds, ...named] = positionals;
  if (options.text) {
    writeFileSync("results/twins.txt", textOf(JSON.parse(readFileSync(file, "utf8")), recipeNames()));
    return;
  }
  if (!sounds) {
    console.error("usage: npm run prove:twins -- --python PATH DATA/speech_commands [RECIPE ...]");
    process.exitCode = 2;
    return;
  }
  if (options.into) {
    await write(sounds, named[0], options.into, Number(options.steps));
    return;
  }
  const long = slow();
  const torch = new TorchProcess(options.python, undefined, "../prove/twin/compare.py");
  const { torch: version } = await torch.ready();
  // PyTorch trains while earshot writes the next folder: one thread each.
  let comparing = Promise.resolve();
  for (const name of named.length > 0 ? named.map((one) => publishedTraining(one).name) : recipeNames()) {
    const folder = mkdtempSync(join(tmpdir(), "earshot-twin-"));
    const steps = options.steps ?? (long.has(name) ? "200" : "30");
    const passed = ["double", "double-on", "target", "seconds", "sparse-by"]
      .filter((option) => options[option] !== undefined)
      .flatMap((option) => [`--${option}`, options[option]])
      .concat(options.yardstick ? ["--yardstick"] : []);
    try {
      await run(process.execPath, [process.argv[1], sounds, name, "--into", folder, "--steps", steps, ...passed]);
    } catch (error) {
      console.error(`${name}: ${error.message}`);
      process.exitCode = 1;
      rmSync(folder, { recursive: true, force: true });
      continue;
    }
    await comparing;
    comparing = compare(name, folder, torch, version);
  }
  await comparing;
  torch.close();
}

await main();
