// Trains a body by labelled seconds, all of its results at once: windows with one phone each take ten times as long.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compile } from "../../dist/engine/compile.js";
import { parseSafetensors, writeSafetensors } from "../../dist/formats/safetensors.js";
import { retype } from "../../dist/graph/retype.js";
import { learningRateAt } from "../../dist/train/schedule.js";
import { Trainer } from "../../dist/train/trainer.js";
import { bodyPhones } from "../../dist/zoo/blocks/phrase_paths.js";
import { buildModel } from "../../dist/zoo/index.js";
import { bins, frames } from "./frames.mjs";
import { drawBatch, emptyBatch, openSources, results, validationBatches } from "./sequences.mjs";

const stateFile = "state.safetensors";
const sayEvery = 200;

/** The body with a phone for each of its results, for seconds. */
export function bodyGraph(recipe) {
  const options = { ...recipe.model.options, head: "phones" };
  return buildModel(recipe.model.name, options, { frames, features: bins, labels: bodyPhones.length });
}

/**
 * Trains, or goes on, until the recipe's steps are done or the time is up; stopped and gone on with, it gives the same bits.
 * @param options `sources` of sequences.mjs, `minutes` of this call, `threads` (the bits do not depend on them)
 * @returns parameters by name, or undefined where steps are left
 */
export async function trainBody(folder, recipe, { sources: given, minutes, threads }) {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, stateFile);
  const started = performance.now();
  const trainer = await Trainer.open(bodyGraph(recipe), recipe, { target: "auto", threads });
  try {
    trainer.initialize();
    let step = existsSync(file) ? restore(trainer, file) : 0;
    const sources = step < recipe.steps ? openSources(given) : [];
    const batch = emptyBatch(recipe.batch);
    const sum = { loss: 0, correct: 0 };
    while (step < recipe.steps && performance.now() - started < 60_000 * minutes) {
      step++;
      drawBatch(batch, sources, recipe.seed, step);
      const { loss, correct } = trainer.step(batch, learningRateAt(recipe.schedule, step, recipe.steps), step);
      sum.loss += loss / sayEvery;
      sum.correct += correct / (sayEvery * recipe.batch * results);
      if (step % sayEvery !== 0) continue;
      console.error(`step ${step}  loss ${sum.loss.toFixed(3)}  right ${(100 * sum.correct).toFixed(1)} %`);
      Object.assign(sum, { loss: 0, correct: 0 });
    }
    save(trainer, file, step);
    return step < recipe.steps ? undefined : new Map([...trainer.tensors()].map(([name, values]) => [name, values.slice()]));
  } finally {
    trainer.close();
  }
}

function save(trainer, file, step) {
  const tensors = new Map([...trainer.tensors()].map(([name, data]) => [name, { type: "F32", shape: [data.length], data }]));
  writeFileSync(`${file}.new`, writeSafetensors({ tensors, metadata: new Map([["step", String(step)]]) }));
  renameSync(`${file}.new`, file);
}

function restore(trainer, file) {
  const { tensors, metadata } = parseSafetensors(readFileSync(file), file);
  trainer.restore(new Map([...tensors].map(([name, { data }]) => [name, data])));
  return Number(metadata.get("step"));
}

/** Runs a body over seconds of features [count, frames, bins] and gives its logits [count, results, phones]. */
export async function openBody(recipe, parameters, together = 32) {
  const graph = retype(bodyGraph(recipe), { inputs: { features: [together, frames, bins] } });
  const program = await compile(graph, { target: "auto", threads: 1 });
  for (const { name } of graph.parameters) program.write(name, parameters.get(name));
  return {
    together,
    /** @param features shape [together, frames, bins] */
    run(features) {
      program.write("features", features);
      program.run();
      return program.read("logits");
    },
    close: () => program.close(),
  };
}

/** Share of the frames with speech whose phone the body names, in the validation seconds of a source. */
export async function measureBody(recipe, parameters, source) {
  const body = await openBody(recipe, parameters);
  const classes = bodyPhones.length;
  const found = { frames: 0, right: 0 };
  for (const { features, targets } of validationBatches(openSources([source])[0], body.together)) {
    const logits = body.run(features);
    for (let row = 0; row < body.together * results; row++) {
      const phone = largest(targets, row * classes, classes);
      if (phone === 0) continue;
      found.frames++;
      if (largest(logits, row * classes, classes) === phone) found.right++;
    }
  }
  body.close();
  return found;
}

function largest(values, from, count) {
  let best = 0;
  for (let i = 1; i < count; i++) if (values[from + i] > values[from + best]) best = i;
  return best;
}
