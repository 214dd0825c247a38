// Fuzzes every reader of files, and the arguments: npm run fuzz -- --cases N [--only wav,flac] [--seed S] [--found FOLDER] [--report FILE]
// A case is a function of target, seed and number. It may end well or with an error of the UserError family, within a second, and may
// raise the resident memory of a fresh process by at most 64 MB and 8 times its input. A case that does not is written to FOUND.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bytesOf, mostMemory, mostMilliseconds, runCase } from "./case.mjs";
import { resident, watchPeak } from "./memory.mjs";
import { describeRun, tableOf } from "./report.mjs";
import { targetNamed, targets } from "./targets/index.mjs";

const alone = fileURLToPath(new URL("alone.mjs", import.meta.url));
/** A case that raises the memory of this process by more is run again alone. */
const suspectMemory = 24 * 2 ** 20;
/** Every so many cases one is run alone whatever it did: garbage that is used again hides what a case needs. */
const sampleEvery = 2500;

const { values: options } = parseArgs({
  options: {
    cases: { type: "string", default: "200000" },
    only: { type: "string" },
    seed: { type: "string", default: "0" },
    found: { type: "string", default: "fuzz-found" },
    report: { type: "string" },
  },
});

function wholeOption(name, least) {
  const value = Number(options[name]);
  if (Number.isSafeInteger(value) && value >= least) return value;
  console.error(`fuzz: --${name} must be a whole number from ${least}`);
  process.exit(2);
}

function chosenTargets() {
  const names = options.only?.split(",") ?? targets.map((target) => target.name);
  return names.map((name) => {
    const target = targetNamed(name);
    if (target !== undefined) return target;
    console.error(`fuzz: there is no target '${name}'; there are ${targets.map((t) => t.name).join(", ")}`);
    process.exit(2);
  });
}

/** Runs a case in a fresh process. */
function runAlone(target, bytes) {
  const child = spawnSync(process.execPath, [alone, target.name], { input: bytes, encoding: "utf8", timeout: 60_000 });
  if (child.status === 0) return JSON.parse(child.stdout);
  return {
    isFault: true,
    message: `the process ended with ${child.signal ?? child.status}: ${child.stderr.slice(-300)}`,
    memory: 0,
    milliseconds: 0,
  };
}

/** What a case did that it must not, in words; undefined where all is well. */
function faultOf(result, target, bytes, number, rise, row) {
  const suspicious = result.isFault || result.milliseconds > mostMilliseconds || rise > suspectMemory;
  return suspicious || number % sampleEvery === 0 ? faultAlone(result, target, bytes, row) : undefined;
}

/** Runs the case again in a fresh process and says what it did there that it must not. */
function faultAlone({ milliseconds }, target, bytes, row) {
  row.alone++;
  const again = runAlone(target, bytes);
  row.mostMemory = Math.max(row.mostMemory, again.memory);
  row.mostShare = Math.max(row.mostShare, again.memory / mostMemory(bytes.length));
  if (again.isFault) return `an error of the wrong kind: ${again.message}`;
  // The first time may hold what an earlier case left to the collector of garbage.
  const time = Math.min(milliseconds, again.milliseconds);
  if (time > mostMilliseconds) return `${Math.round(time)} ms`;
  if (again.memory > mostMemory(bytes.length)) return `${again.memory} bytes of memory for ${bytes.length} bytes of input`;
  return undefined;
}

function keep(target, seed, number, bytes, fault) {
  mkdirSync(options.found, { recursive: true });
  const name = join(options.found, `${target.name}-${seed}-${number}`);
  writeFileSync(`${name}.bin`, bytes);
  writeFileSync(`${name}.txt`, `target ${target.name}, seed ${seed}, case ${number}\n${fault}\n`);
  console.error(`${name}: ${fault}`);
}

async function fuzz(target, cases, seed) {
  const row = {
    name: target.name,
    cases,
    accepted: 0,
    refused: 0,
    faults: 0,
    longest: 0,
    bytes: 0,
    largest: 0,
    alone: 0,
    mostMemory: 0,
    mostShare: 0,
    messages: new Set(),
    rise: 0,
    hungriest: 0,
  };
  const started = performance.now();
  for (let number = 0; number < cases; number++) {
    const bytes = bytesOf(target, seed, number);
    const before = resident();
    const peak = watchPeak();
    const result = await runCase(target, bytes);
    row[result.accepted ? "accepted" : "refused"]++;
    row.longest = Math.max(row.longest, result.milliseconds);
    row.bytes += bytes.length;
    row.largest = Math.max(row.largest, bytes.length);
    if (result.error && row.messages.size < 100_000) row.messages.add(kindOf(result.error));
    const rise = peak() - before;
    if (rise > row.rise) Object.assign(row, { rise, hungriest: number });
    const fault = faultOf(result, target, bytes, number, rise, row);
    if (fault !== undefined) {
      row.faults++;
      keep(target, seed, number, bytes, fault);
    }
  }
  // The case that raised the memory of this process most shows how much that is in a fresh one.
  const bytes = bytesOf(target, seed, row.hungriest);
  const fault = faultAlone({ milliseconds: 0 }, target, bytes, row);
  if (fault !== undefined) {
    row.faults++;
    keep(target, seed, row.hungriest, bytes, fault);
  }
  row.seconds = (performance.now() - started) / 1000;
  return row;
}

/** A message without what differs from case to case: how many kinds were reached. */
function kindOf(error) {
  return String(error.message)
    .slice(0, 4000)
    .replace(/"(?:[^"\\]|\\.)*"|'[^']*'|[-\d.]+(?:e[-+]?\d+)?/g, "_")
    .slice(0, 60);
}

const cases = wholeOption("cases", 1);
const seed = wholeOption("seed", 0);
const chosen = chosenTargets();
const rows = [];
for (const [i, target] of chosen.entries()) {
  await target.prepare?.();
  const share = Math.floor(cases / chosen.length) + (i < cases % chosen.length ? 1 : 0);
  rows.push(await fuzz(target, share, seed));
}
const table = tableOf(rows);
console.log(table);
if (options.report !== undefined) {
  mkdirSync(dirname(options.report), { recursive: true });
  writeFileSync(options.report, `${describeRun(process.argv.slice(2))}\n\n${table}\n`);
}
process.exitCode = rows.some((row) => row.faults > 0) ? 1 : 0;
