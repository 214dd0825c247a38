// Ten hours of sound through `earshot listen --input -`, with one word in them, 9 hours and 59 minutes from the begin: resident memory
// in hour 10 beside hour 1, speed, and the word's time beside its time in the same clip alone. Where arecord is installed, the clip is
// also heard from a microphone that ALSA's file plugin plays.
//   npm run prove:listen -- [--hours 10] [--model svdf] [--target auto] [--out results/listen.txt]
// The sound is noise of every kind, made here; the word is spoken by Flite. Exits with 1 where a bound is missed.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { makeNoise, noiseKinds } from "../../dist/signal/noise.js";
import { resampleSound } from "../../dist/signal/resample.js";
import { speak } from "../../dist/signal/speech.js";
import { encodeWav } from "../../dist/signal/wav.js";

const { values } = parseArgs({
  options: {
    hours: { type: "string", default: "10" },
    model: { type: "string", default: "svdf" },
    target: { type: "string", default: "auto" },
    word: { type: "string", default: "yes" },
    // A synthetic voice is heard less surely than people.
    threshold: { type: "string", default: "0.8" },
    out: { type: "string", default: "results/listen.txt" },
  },
});
const rate = 16_000;
const hours = Number(values.hours);
const work = mkdtempSync(join(tmpdir(), "earshot-listen-"));
process.on("exit", () => rmSync(work, { recursive: true, force: true }));
const listenArgs = (input, more = []) =>
  [
    "dist/cli/main.js",
    "listen",
    values.model,
    "--input",
    input,
    "--target",
    values.target,
    "--threshold",
    values.threshold,
    "--json",
  ].concat(more);
const eventsOf = (text) =>
  text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));

/** A second and a half of silence, the word, silence: four seconds in all. */
async function makeClip() {
  const { samples } = resampleSound(await speak(values.word, { voice: "rms" }), rate);
  const clip = new Float32Array(4 * rate);
  clip.set(samples.subarray(0, 2 * rate), 1.5 * rate);
  return clip;
}

const bytesOf = (samples) => Buffer.from(encodeWav({ samples, sampleRate: rate }).subarray(44));

/** A minute of each noise, quieter and louder: what the hours repeat. */
function makeMinutes() {
  return noiseKinds.map((kind, i) => {
    const samples = makeNoise(kind, 60 * rate, rate, 7);
    return bytesOf(samples.map((value) => value * (0.1 + 0.1 * (i % 5))));
  });
}

/** Resident memory of a process, MiB; "RssAnon" is what is its own, without pages of programs and libraries. */
function residentOf(pid, field) {
  const [, kilobytes] = new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(kilobytes) / 1024;
}

const middle = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];

async function runHours(clip, place) {
  const child = spawn(process.execPath, listenArgs("-", ["--raw", "s16le"]), { stdio: ["pipe", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (piece) => {
    text += piece;
  });
  const ended = new Promise((resolve) => child.on("close", resolve));
  const minutes = makeMinutes();
  const planted = bytesOf(clip);
  const resident = [];
  const own = [];
  const started = performance.now();
  for (let minute = 0, at = 0; minute < hours * 60; minute++) {
    let bytes = minutes[minute % minutes.length];
    const offset = 2 * place - at;
    if (offset >= 0 && offset + planted.length <= bytes.length) {
      bytes = Buffer.from(bytes);
      planted.copy(bytes, offset);
    }
    at += bytes.length;
    if (!child.stdin.write(bytes)) await new Promise((resolve) => child.stdin.once("drain", resolve));
    resident.push(residentOf(child.pid, "VmRSS"));
    own.push(residentOf(child.pid, "RssAnon"));
    if (process.stderr.isTTY) process.stderr.write(`\r${minute + 1} min`);
  }
  child.stdin.end();
  const code = await ended;
  const seconds = (performance.now() - started) / 1000;
  if (code !== 0) throw new Error(`listen ended with ${code}`);
  return { events: eventsOf(text), resident, own, seconds };
}

/** The clip as ALSA's file plugin plays it to arecord. */
async function fromMicrophone(clip) {
  if (spawnSync("arecord", ["--version"]).status !== 0) return undefined;
  writeFileSync(join(work, "clip.raw"), bytesOf(clip));
  writeFileSync(
    join(work, ".asoundrc"),
    `pcm.clip { type file slave.pcm "null" file "/dev/null" infile "${join(work, "clip.raw")}" format "raw" }\n`,
  );
  // After the clip the device gives the same over and over, without an end: the first keyword ends it.
  const program = spawn(process.execPath, listenArgs("mic", ["--device", "clip"]), {
    env: { ...process.env, HOME: work },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const timer = setTimeout(() => program.kill("SIGINT"), 60_000);
  let text = "";
  program.stdout.setEncoding("utf8").on("data", (piece) => {
    text += piece;
    if (text.includes("\n")) program.kill("SIGINT");
  });
  await new Promise((resolve) => program.on("close", resolve));
  clearTimeout(timer);
  const missing = spawnSync(process.execPath, listenArgs("mic", ["--device", "no-such-device"]), {
    encoding: "utf8",
    env: { ...process.env, HOME: work },
  });
  return { events: eventsOf(text), missing: missing.stderr.trim() };
}

const clip = await makeClip();
writeFileSync(join(work, "clip.wav"), encodeWav({ samples: clip, sampleRate: rate }));
const alone = eventsOf(execFileSync(process.execPath, listenArgs(join(work, "clip.wav")), { encoding: "utf8" })).find(
  ({ label }) => label === values.word,
);
if (alone === undefined) throw new Error(`${values.model} does not hear '${values.word}' in the clip alone`);
// A minute before the end, and no whole number of hops.
const place = (hours * 3600 - 60) * rate + 1237;
const { events, resident, own, seconds } = await runHours(clip, place);
const expected = place / rate + alone.time;
const found = events.filter(({ label }) => label === values.word).find(({ time }) => Math.abs(time - expected) < 1);
const [first, last] = [resident.slice(0, 60), resident.slice(-60)];
const growth = middle(last) / middle(first) - 1;
const lateness = found === undefined ? undefined : found.time - expected;
const microphone = await fromMicrophone(clip);
const heard = microphone?.events.find(({ label }) => label === values.word);

const checks = [
  [
    `faster than real time: ${hours} h in ${seconds.toFixed(0)} s (${((hours * 3600) / seconds).toFixed(0)} times)`,
    seconds < hours * 3600,
  ],
  [
    `resident memory: hour 1 median ${middle(first).toFixed(1)} MiB (most ${Math.max(...first).toFixed(1)}), hour ${hours} median ${middle(last).toFixed(1)} MiB (most ${Math.max(...last).toFixed(1)}): ${(growth * 100).toFixed(2)} %`,
    Math.abs(growth) <= 0.05,
  ],
  [
    `'${values.word}' planted at ${(place / rate).toFixed(3)} s: in the clip alone at ${alone.time} s, here ${found === undefined ? "not heard" : `${((lateness ?? 0) * 1000).toFixed(1)} ms from there`}`,
    lateness !== undefined && Math.abs(lateness) <= 0.04,
  ],
];
if (microphone !== undefined) {
  checks.push([
    `microphone (arecord, ALSA's file plugin): ${heard === undefined ? "not heard" : `'${heard.label}' at ${heard.time} s`}`,
    heard !== undefined && Math.abs(heard.time - alone.time) <= 0.04,
  ]);
  checks.push([`a device that is not there: ${microphone.missing}`, microphone.missing.includes("cannot be opened")]);
}
const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
const lines = [
  `npm run prove:listen -- --hours ${hours} --model ${values.model} --target ${values.target}`,
  `${new Date().toISOString().slice(0, 10)}, commit ${commit}, Node ${process.version}, ${cpus().length} x ${cpus()[0].model}`,
  "",
  ...checks.map(([text, isRight]) => `${isRight ? "ok    " : "WRONG "}${text}`),
  `      memory of its own: hour 1 median ${middle(own.slice(0, 60)).toFixed(1)} MiB, hour ${hours} ${middle(own.slice(-60)).toFixed(1)} MiB`,
  `      ${events.length} keywords heard in ${hours} h of noise and one word (threshold ${values.threshold})`,
  ...(microphone === undefined ? ["      microphone: not tried, arecord is not installed"] : []),
];
mkdirSync(dirname(values.out), { recursive: true });
writeFileSync(values.out, `${lines.join("\n")}\n`);
process.stdout.write(`${lines.join("\n")}\n`);
process.exit(checks.every(([, isRight]) => isRight) ? 0 : 1);
