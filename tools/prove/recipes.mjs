// The first 200 steps of every published training on real clips: the loss must fall.
//   npm run prove:recipes -- DATA/speech_commands [RECIPE ...]
//   node tools/prove/recipes.mjs --text   (writes the table anew)
// Each in a process of its own. Writes results/recipes.json, in which the rows of other recipes stay, and results/recipes.txt from it.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { nativeCompiler } from "../../dist/engine/native_target.js";
import { assemble } from "../../dist/train/assemble.js";
import { openLoader } from "../../dist/train/loader.js";
import { isNormalised, normalisation } from "../../dist/train/normalise.js";
import { parseRecipe } from "../../dist/train/recipe.js";
import { learningRateAt } from "../../dist/train/schedule.js";
import { planThreads } from "../../dist/train/threads.js";
import { Trainer } from "../../dist/train/trainer.js";
import { publishedTraining, recipeNames } from "../../dist/zoo/recipes/index.js";
import { alignedTable, machineLines } from "../bench/bench_report.mjs";

const steps = 200;
/** Steps at either end whose mean loss is compared. */
const ends = 20;
const most = 0.8;
/** Where the loss has not fallen so far, the training goes on for so many steps at most, to say when it has. */
const longest = 2000;

const mean = (list) => list.reduce((sum, x) => sum + x, 0) / list.length;

/** What a network that normalises its features takes from the training clips. */
async function moments({ graph, plan }, target, making, batch) {
  if (!isNormalised(graph)) return undefined;
  const [frames, features] = graph.inputs[0].value.type.shape.slice(1);
  const loader = await openLoader({ ...plan, target }, 1, making);
  const found = await normalisation(() => loader.next(), { steps, batch, frames, features });
  await loader.close();
  return found;
}

/** Trains and measures one recipe. */
async function measure(sounds, name) {
  const recipe = parseRecipe({ ...publishedTraining(name).recipe, data: [{ kind: "sounds", path: sounds }] }, name);
  const assembly = await assemble(recipe, "auto");
  const { graph, trainingGraph, passes, plan } = assembly;
  const { threads, workers, takeTurns } = planThreads(undefined, undefined);
  const started = performance.now();
  const rolling = trainingGraph && passes;
  const trainer = await Trainer.open(trainingGraph ?? graph, recipe, { target: "auto", threads, rolling });
  const compileSeconds = (performance.now() - started) / 1000;
  trainer.initialize(await moments(assembly, trainer.target, { workers, takeTurns }, recipe.batch));
  const loader = await openLoader({ ...plan, target: trainer.target }, 1, { workers, takeTurns });
  const losses = [];
  const train = async (until) => {
    for (let step = losses.length + 1; step <= until; step++) {
      const batch = await loader.next();
      losses.push(trainer.step(batch, learningRateAt(recipe.schedule, step, recipe.steps), step).loss);
    }
  };
  const begun = performance.now();
  await train(steps);
  const seconds = (performance.now() - begun) / 1000;
  const stepMilliseconds = trainer.times().milliseconds / steps;
  const [first, last] = [mean(losses.slice(0, ends)), mean(losses.slice(-ends))];
  while (mean(losses.slice(-ends)) > most * first && losses.length < longest) await train(losses.length + ends);
  const fallen = mean(losses.slice(-ends)) <= most * first;
  await loader.close();
  const { target } = trainer;
  trainer.close();
  return {
    recipe: name,
    target,
    threads,
    first,
    last,
    ratio: last / first,
    ...(last <= most * first ? {} : { fallenAt: fallen ? losses.length : null, trainedTo: losses.length }),
    examplesPerSecond: (steps * recipe.batch) / seconds,
    stepMilliseconds,
    compileSeconds,
    peakBytes: process.resourceUsage().maxRSS * 1024,
    date: new Date().toISOString().slice(0, 10),
  };
}

function textOf(rows) {
  const table = rows.map((row) => [
    row.recipe,
    row.first.toFixed(3),
    row.last.toFixed(3),
    row.ratio.toFixed(2),
    row.ratio <= most ? "yes" : "NO",
    row.ratio <= most ? "" : row.fallenAt === undefined ? "?" : (row.fallenAt ?? `not by ${row.trainedTo}`).toString(),
    row.examplesPerSecond.toFixed(0),
    row.stepMilliseconds.toFixed(1),
    row.compileSeconds.toFixed(1),
    (row.peakBytes / 2 ** 20).toFixed(0),
    `${row.target}, ${row.threads}`,
  ]);
  const head = [
    "recipe",
    `first ${ends}`,
    `last ${ends}`,
    "ratio",
    `<= ${most}`,
    "at step",
    "examples/s",
    "step ms",
    "compile s",
    "MiB",
    "on",
  ];
  return [
    ...machineLines(nativeCompiler()),
    "",
    ...alignedTable(head, table),
    "",
    `npm run prove:recipes: the first ${steps} steps of each published training, batches of 100 recorded clips; mean loss of the first and last ${ends}`,
    "steps. examples/s: steps and loader together; step ms: the step alone; MiB: peak of the process. Times are wall times of the machine",
    "as it was. Where the loss has not fallen so far in these steps, 'at step' says when it had (?: not looked for).",
    "",
  ].join("\n");
}

const [sounds, ...named] = process.argv.slice(2);
if (sounds === "--text") {
  writeFileSync("results/recipes.txt", textOf(JSON.parse(readFileSync("results/recipes.json", "utf8"))));
  process.exit(0);
}
if (!sounds) {
  console.error("usage: npm run prove:recipes -- DATA/speech_commands [RECIPE ...]");
  process.exit(2);
}
if (process.env.EARSHOT_ONE_RECIPE) {
  console.log(JSON.stringify(await measure(sounds, named[0])));
} else {
  const file = "results/recipes.json";
  mkdirSync("results", { recursive: true });
  for (const name of named.length > 0 ? named.map((one) => publishedTraining(one).name) : recipeNames()) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [process.argv[1], sounds, name], {
      encoding: "utf8",
      env: { ...process.env, EARSHOT_ONE_RECIPE: "1" },
    });
    if (status !== 0) {
      console.error(`${name}: ${stderr.trim().split("\n").slice(-5).join("\n")}`);
      process.exitCode = 1;
      continue;
    }
    const row = JSON.parse(stdout.trim().split("\n").at(-1));
    const before = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : [];
    const rows = [...before.filter((r) => r.recipe !== name), row].toSorted((a, b) => (a.recipe < b.recipe ? -1 : 1));
    writeFileSync(file, `${JSON.stringify(rows, null, 1)}\n`);
    writeFileSync("results/recipes.txt", textOf(rows));
    console.log(`${name}: ${row.first.toFixed(3)} -> ${row.last.toFixed(3)}`);
  }
}
