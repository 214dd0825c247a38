// Finds the phones of people's recordings of known words: the best path of a body's posteriors through the word's phones (Viterbi 1967).
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { RandomStream } from "../../dist/base/random.js";
import { openArchive } from "../../dist/corpus/archive.js";
import { compile } from "../../dist/engine/compile.js";
import { loadModel } from "../../dist/formats/model_file.js";
import { retype } from "../../dist/graph/retype.js";
import { buildModel } from "../../dist/zoo/index.js";
import { bodyPhones } from "../../dist/zoo/blocks/phrase_paths.js";
import { bins, frames, FrameWriter } from "./frames.mjs";
import { view } from "./windows.mjs";
import { pronunciations } from "./words.mjs";

const together = 64;
/** Frames between two windows that are named. */
const hop = 2;
const steps = Math.ceil(frames / hop);
/** Least length of a phone, in steps. */
const leastSteps = 2;
/** Share of the recordings of each word that fit worst and are left out. */
const worst = 0.1;

/** Writes the aligned training recordings of an archive of [98, 40] arrays, at most `perWord` of each word. */
export async function alignPeople(folder, { archive, model, perWord, seed }) {
  mkdirSync(folder, { recursive: true });
  const people = openArchive(archive);
  const namer = await openNamer(model);
  const found = [];
  for (const [word, phones] of Object.entries(pronunciations)) {
    const random = new RandomStream(seed, found.length);
    const rows = random.shuffle(people.rows.filter((row) => row.split === "training" && row.word === word)).slice(0, perWord);
    const path = [0, ...phones.split(" ").map((phone) => bodyPhones.indexOf(phone)), 0];
    const aligned = [];
    for (const row of rows) {
      const values = new Float32Array(frames * bins);
      people.read(row.index, values, 0);
      aligned.push({ values, ...bestPath(namer.logPosteriors(values), path) });
    }
    aligned.sort((a, b) => a.score - b.score);
    found.push(...aligned.slice(Math.floor(worst * aligned.length)));
  }
  namer.close();
  const writer = new FrameWriter(join(folder, "people"));
  for (const { values, labels } of new RandomStream(seed, 0x6f72).shuffle(found))
    writer.append(
      values,
      Uint8Array.from({ length: frames }, (_, frame) => labels[Math.floor(frame / hop)]),
    );
  writer.close();
  return found.length;
}

/** Log posteriors [steps][phones] of a second, by a model with the head "phone". */
async function openNamer(path) {
  const model = await loadModel(path);
  const { scale, offset } = model.frontendDescription;
  const shape = { frames: view, features: bins, labels: bodyPhones.length };
  const options = model.training.recipe.model.options;
  const graph = retype(buildModel("earshot/phrase_net", options, shape), { inputs: { features: [together, view, bins] } });
  const program = await compile(graph, { target: "auto", threads: 1 });
  for (const [name, values] of model.parameters) program.write(name, values);
  const features = new Float32Array(together * view * bins);
  return {
    logPosteriors(values) {
      for (let step = 0; step < steps; step++)
        for (let i = 0; i < view; i++) {
          const frame = Math.min(frames - 1, Math.max(0, step * hop - (view - 1) / 2 + i));
          for (let bin = 0; bin < bins; bin++)
            features[(step * view + i) * bins + bin] = values[frame * bins + bin] * scale + offset;
        }
      program.write("features", features);
      program.run();
      const logits = program.read("logits");
      return Array.from({ length: steps }, (_, step) =>
        logSoftmax(logits.slice(step * bodyPhones.length, (step + 1) * bodyPhones.length)),
      );
    },
    close: () => program.close(),
  };
}

function logSoftmax(logits) {
  const most = Math.max(...logits);
  const sum = Math.log(logits.reduce((total, x) => total + Math.exp(x - most), 0)) + most;
  return logits.map((x) => x - sum);
}

/** The phone of each step, and the mean log posterior of the steps with speech. */
function bestPath(posteriors, phones) {
  const states = phones.flatMap((phone) => Array(phone === 0 ? 1 : leastSteps).fill(phone));
  let scores = states.map((phone, i) => (i < 2 ? posteriors[0][phone] : -Infinity));
  const came = [];
  for (const row of posteriors.slice(1)) {
    const moved = scores.map((score, i) => i > 0 && scores[i - 1] > score);
    scores = scores.map((score, i) => (moved[i] ? scores[i - 1] : score) + row[states[i]]);
    came.push(moved);
  }
  let state = states.length - (scores.at(-2) > scores.at(-1) ? 2 : 1);
  const labels = [states[state]];
  for (const moved of came.toReversed()) {
    if (moved[state]) state--;
    labels.unshift(states[state]);
  }
  const spoken = labels.map((phone, step) => (phone === 0 ? undefined : posteriors[step][phone])).filter((x) => x !== undefined);
  return { labels, score: spoken.reduce((sum, x) => sum + x, 0) / Math.max(1, spoken.length) };
}
