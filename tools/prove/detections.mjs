// False accepts and misses of the models that come with earshot, float and int8, on long recordings of people, speech and noise that
// none of them was trained on:
//   npm run prove:detections -- DATA [--hours 1.5]
// DATA holds speech_commands/, features/, speech/ (librispeech/ and speech.csv) and noise/esc10. Writes results/detections.txt and .json.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { hours: { type: "string", default: "1.5" } } });
const [data] = positionals;
if (!data) {
  console.error("usage: npm run prove:detections -- DATA [--hours 1.5]");
  process.exit(2);
}
const main = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "earshot-detections-"));
const earshot = (...args) =>
  JSON.parse(
    execFileSync(process.execPath, [main, ...args, "--json"], {
      encoding: "utf8",
      maxBuffer: 1 << 28,
      stdio: ["ignore", "pipe", "ignore"],
    }),
  );
const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
const sounds = join(data, "speech_commands");
const scenes = [
  "--data",
  sounds,
  "--split",
  "testing",
  "--speech",
  join(data, "speech/librispeech"),
  "--transcripts",
  join(data, "speech/speech.csv"),
  "--noise",
  join(data, "noise/esc10"),
];

function record(name, ...options) {
  return { name, ...earshot("data", "long", "-o", join(folder, name), "--hours", values.hours, ...options) };
}

const recordings = [
  record("words in real speech and noise", ...scenes, "--seed", "2"),
  record("real speech and noise alone", ...scenes, "--seed", "4", "--keyword-share", "0"),
  record(
    "words in the speech of a voice not trained on",
    "--data",
    sounds,
    "--split",
    "testing",
    "--seed",
    "6",
    "--voice",
    "slt",
  ),
];

const lines = [
  `${new Date().toISOString().slice(0, 10)}, commit ${commit}, ${cpus()[0].model}, Node ${process.version}`,
  `npm run prove:detections -- DATA --hours ${values.hours}`,
  "",
];
const found = [];
const percent = (x) => (x === null || Number.isNaN(x) ? "-" : `${(100 * x).toFixed(1)} %`);
const say = (line) => {
  lines.push(line);
  console.log(line);
};

/** Of the points with at most so many false accepts an hour, the one that misses least. */
function missAt(curve, rate) {
  const allowed = curve.filter((point) => point.falseAcceptsPerHour <= rate);
  return allowed.length === 0 ? Number.NaN : Math.min(...allowed.map((point) => point.missRate));
}

function measure(model, kind, path, recording) {
  const { score, curve } = earshot("evaluate", path, "--stream", recording.recording, "--truth", recording.truth);
  found.push({ recording: recording.name, model, kind, score: { ...score, wrong: undefined }, curve });
  const [low, high] = score.falseAcceptInterval;
  const misses =
    recording.keywords === 0 ? ["-", "-", "-", "-"] : [score.missRate, ...[30, 10, 3].map((r) => missAt(curve, r))].map(percent);
  const range = `${score.falseAcceptsPerHour.toFixed(1)} (${low.toFixed(1)} to ${high.toFixed(1)})`;
  say(
    `${model.padEnd(10)}${kind.padEnd(7)}${range.padEnd(24)}${misses.map((text) => text.padEnd(10)).join("")}${recording.keywords === 0 ? "" : `${(1000 * score.latency.median).toFixed(0)} ms`}`.trimEnd(),
  );
}

try {
  const models = ["ds_cnn_s", "svdf", "crnn"].flatMap((name) => {
    const out = join(folder, `${name}.safetensors`);
    earshot("quantize", name, "--calibrate", join(data, "features"), "--out", out);
    return [
      [name, "float", name],
      [name, "int8", out],
    ];
  });
  for (const recording of recordings) {
    say(`${recording.name}: ${recording.hours.toFixed(2)} h with ${recording.keywords} keywords`);
    say("model     kind   false accepts an hour   missed    at 30/h   at 10/h   at 3/h    latency");
    for (const [name, kind, path] of models) measure(name, kind, path, recording);
    say("");
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
lines.push(
  "Detections with the defaults of 'earshot evaluate --stream' (threshold, smoothing, refractory time), 95 % Poisson interval. at N/h: what is",
  "missed at the threshold that gives at most N false accepts an hour on this recording. A detection inside an utterance whose transcript has",
  "the word is not counted. All points of the curves are in results/detections.json.",
);
mkdirSync("results", { recursive: true });
writeFileSync("results/detections.txt", `${lines.join("\n")}\n`);
writeFileSync("results/detections.json", `${JSON.stringify(found)}\n`);
