// Measures the models that come with earshot on a data set's testing clips, in earshot and, exported, in LiteRT:
//   npm run prove:accuracy -- DATA/speech_commands [RUN ...]
// Further runs of ds_cnn S (other seeds) are averaged with the shipped one. Writes results/accuracy.txt.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { openDataset } from "../../dist/corpus/dataset.js";
import { loadModel } from "../../dist/formats/model_file.js";
import { findShippedModel } from "../../dist/formats/shipped.js";
import { exportTflite } from "../../dist/formats/tflite/export.js";
import { evaluateSpotter } from "../../dist/measure/evaluate.js";
import { summarizeSeeds } from "../../dist/measure/seeds.js";
import { openSpotter } from "../../dist/measure/spotter.js";
import { soundSet, taskOfLabels } from "../../dist/train/sources.js";
import { keywordModels } from "../models/keyword_models.mjs";

const [data, ...runs] = process.argv.slice(2);
if (!data) {
  console.error("usage: npm run prove:accuracy -- DATA/speech_commands [RUN ...]");
  process.exit(2);
}

async function scores(path, options) {
  const spotter = await openSpotter(path, options);
  const dataset = openDataset(data, taskOfLabels(spotter.labels));
  const clips = dataset.clips.filter((c) => c.split === "testing");
  const result = await evaluateSpotter(spotter, [soundSet(clips, spotter.labels)]);
  spotter.close();
  return result;
}

const argmax = (p, row, width) => {
  let best = 0;
  for (let i = 1; i < width; i++) if (p[row * width + i] > p[row * width + best]) best = i;
  return best;
};
const percent = (x) => `${(x * 100).toFixed(2)} %`;
const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
const lines = [
  `${new Date().toISOString().slice(0, 10)}, commit ${commit}, ${cpus()[0].model}, Node ${process.version}`,
  `npm run prove:accuracy -- DATA/speech_commands${runs.map((_, i) => ` RUN${i + 1}`).join("")}`,
  "",
];
mkdirSync("results", { recursive: true });
const accuracies = [];
for (const name of await keywordModels()) {
  const path = findShippedModel(name);
  const own = await scores(path, {});
  const { accuracy, clips, interval, labels } = own.evaluation;
  if (name === "ds_cnn_s") accuracies.push(accuracy);
  lines.push(
    `${name}: ${percent(accuracy)} of ${clips} testing clips (95 % interval ${percent(interval[0])} to ${percent(interval[1])})`,
  );
  for (const features of ["none", "builtin"]) {
    const file = join(process.env.TMPDIR ?? "/tmp", `earshot-prove-${process.pid}.tflite`);
    writeFileSync(file, exportTflite(await loadModel(path), { features }));
    const other = await scores(file, { reference: path });
    let worst = 0;
    let different = 0;
    own.probabilities.forEach((p, i) => (worst = Math.max(worst, Math.abs(p - other.probabilities[i]))));
    for (let i = 0; i < clips; i++)
      if (argmax(own.probabilities, i, labels.length) !== argmax(other.probabilities, i, labels.length)) different++;
    lines.push(
      `  LiteRT, features ${features}: ${percent(other.evaluation.accuracy)}, ${different} of ${clips} decisions differ, largest difference of a probability ${worst.toExponential(1)}`,
    );
  }
}
for (const run of runs) {
  const { evaluation } = await scores(join(run, "best.safetensors"), {});
  accuracies.push(evaluation.accuracy);
}
if (runs.length > 0) {
  const s = summarizeSeeds(accuracies);
  lines.push(
    "",
    `ds_cnn S, ${s.seeds} seeds: ${accuracies.map(percent).join(", ")}; mean ${percent(s.mean)}, standard deviation ${percent(s.deviation)}`,
  );
}
writeFileSync("results/accuracy.txt", `${lines.join("\n")}\n`);
console.log(lines.join("\n"));
