// Finds the phones of people's recordings of known words: the best path of a body's posteriors through the word's phones (Viterbi 1967).
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { RandomStream } from "../../dist/base/random.js";
import { openArchive } from "../../dist/corpus/archive.js";
import { archivedDescription, buildFrontend } from "../../dist/frontend/frontend.js";
import { readSound } from "../../dist/signal/decode.js";
import { FrontendRunner } from "../../dist/train/frontend_runner.js";
import { bodyPhones } from "../../dist/zoo/blocks/phrase_paths.js";
import { narrowBands, phoneFrontend } from "../../dist/zoo/earshot/phone_frontend.js";
import { openBody } from "./body.mjs";
import { bins, frames, FrameWriter } from "./frames.mjs";
import { results } from "./sequences.mjs";
import { pronunciations } from "./words.mjs";

const rate = 16_000;
/** Frames from one result of the body to the next. */
const hop = frames / results;
/** Least length of a phone, in results. */
const leastSteps = 2;
/** Share of the recordings of each word that fit worst and are left out. */
const worst = 0.1;

/** Writes the aligned training recordings of an archive of [98, 40] arrays, at most `perWord` of each word; there is nothing above 4 kHz. */
export async function alignArchive(folder, { archive, body, perWord, seed }) {
  const people = openArchive(archive);
  const narrow = new Float32Array(frames * narrowBands);
  const recordings = Object.keys(pronunciations).flatMap((word, i) => {
    const rows = people.rows.filter((row) => row.split === "training" && row.word === word);
    return new RandomStream(seed, i).shuffle(rows).slice(0, perWord);
  });
  const read = ({ index }) => {
    people.read(index, narrow, 0);
    const values = new Float32Array(frames * bins);
    for (let frame = 0; frame < frames; frame++)
      values.set(narrow.subarray(frame * narrowBands, (frame + 1) * narrowBands), frame * bins);
    return values;
  };
  const heard = recordings.map((row) => ({ word: row.word, values: read(row) }));
  return writeAligned(folder, heard, { body, seed, bands: narrowBands });
}

/** Writes the aligned training clips of a folder of clips with lists, as Speech Commands has them. */
export async function alignClips(folder, { clips, body, seed }) {
  const names = readFileSync(join(clips, "training_list.txt"), "utf8").split("\n").filter(Boolean);
  const frontend = buildFrontend(archivedDescription(phoneFrontend), { samples: rate, rate });
  const shape = [frames, bins];
  const runner = await FrontendRunner.open({ fromAudio: frontend, arrayShape: shape, featureShape: shape }, rate, "auto");
  const heard = [];
  for (const name of names) {
    const [word] = name.split("/");
    if (!(word in pronunciations)) continue;
    const { samples } = await readSound(join(clips, name), { rate });
    runner.audio(0).fill(0).set(samples.subarray(0, rate));
    runner.run();
    heard.push({ word, values: runner.result(0).slice() });
  }
  runner.close();
  return writeAligned(folder, heard, { body, seed, bands: bins });
}

async function writeAligned(folder, heard, { body, seed, bands }) {
  mkdirSync(folder, { recursive: true });
  const namer = await openBody(body.recipe, body.parameters);
  const aligned = [];
  for (let first = 0; first < heard.length; first += namer.together) {
    const some = heard.slice(first, first + namer.together);
    const logits = namer.run(featuresOf(some, namer.together, bands));
    for (const [i, one] of some.entries()) {
      const path = [0, ...pronunciations[one.word].split(" ").map((phone) => bodyPhones.indexOf(phone)), 0];
      aligned.push({ ...one, ...bestPath(logPosteriors(logits, i), path) });
    }
  }
  namer.close();
  const kept = Object.keys(pronunciations).flatMap((wanted) => {
    const found = aligned.filter(({ word }) => word === wanted).toSorted((a, b) => a.score - b.score);
    return found.slice(Math.floor(worst * found.length));
  });
  const writer = new FrameWriter(join(folder, "people"));
  for (const { values, labels } of new RandomStream(seed, 0x6f72).shuffle(kept))
    writer.append(
      values,
      Uint8Array.from({ length: frames }, (_, frame) => labels[Math.floor(frame / hop)]),
    );
  writer.close();
  return kept.length;
}

/** Shape [together, frames, bins]: zero where nothing is heard. */
function featuresOf(heard, together, bands) {
  const features = new Float32Array(together * frames * bins);
  for (const [i, { values }] of heard.entries())
    for (let at = 0; at < values.length; at++)
      if (at % bins < bands) features[i * values.length + at] = values[at] * phoneFrontend.scale + phoneFrontend.offset;
  return features;
}

/** Shape [results][phones], of second `item`. */
function logPosteriors(logits, item) {
  const classes = bodyPhones.length;
  return Array.from({ length: results }, (_, step) => {
    const at = (item * results + step) * classes;
    return logSoftmax(logits.slice(at, at + classes));
  });
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
