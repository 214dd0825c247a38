// The .tflite cases of the fuzzer that our reader accepts, in LiteRT: node tools/fuzz/litert.mjs --cases N [--from N] [--seed S] [--report FILE]
// [--keep DIR]: the files, inputs and results of cases with other results, for litert_reference.py.
// Each is loaded and run there and on our kernels, with the same drawn inputs. LiteRT runs in a process of its own: where a case ends it
// or traps in its WebAssembly, the next process goes on behind it.
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describeRun } from "./report.mjs";

const worker = fileURLToPath(new URL("litert_cases.mjs", import.meta.url));
/** Longest silence of a worker, in ms. */
const patience = 60_000;
/** Exit code of a worker whose last case trapped. */
const trapped = 3;

const { values: options } = parseArgs({
  options: {
    cases: { type: "string", default: "2000" },
    from: { type: "string", default: "0" },
    seed: { type: "string", default: "0" },
    report: { type: "string" },
    keep: { type: "string", default: "" },
  },
});

const counts = { cases: 0, accepted: 0, equal: 0, near: 0, other: 0, refused: 0, notRun: 0, large: 0, trapped: 0, ended: 0 };
const notes = [];
/** How often LiteRT refused a file for what. */
const refusals = new Map();

/** Runs cases from `first` on; gives the number of the first that is still to do. */
function runWorker(first, last) {
  return new Promise((done) => {
    const child = spawn(process.execPath, [worker, options.seed, String(first), String(last), options.keep], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    let next = first;
    let timer = setTimeout(() => child.kill("SIGKILL"), patience);
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (!line.startsWith("{")) return;
      clearTimeout(timer);
      timer = setTimeout(() => child.kill("SIGKILL"), patience);
      const { number, outcome, note } = JSON.parse(line);
      if (outcome === "begins") {
        next = number;
        return;
      }
      next = number + 1;
      counts.accepted++;
      if (outcome in counts) counts[outcome]++;
      if (["refused", "notRun", "trapped"].includes(outcome)) refusals.set(note, (refusals.get(note) ?? 0) + 1);
      else if (note !== undefined && notes.length < 40) notes.push(`case ${number}: ${outcome}: ${note}`);
    });
    child.on("close", (code) => {
      clearTimeout(timer);
      if (code === 0) return done(last);
      if (code === trapped) return done(next);
      counts.accepted++;
      counts.ended++;
      if (notes.length < 40) notes.push(`case ${next}: LiteRT ended its process`);
      return done(next + 1);
    });
  });
}

if (options.keep !== "") mkdirSync(options.keep, { recursive: true });
const first = Number(options.from);
const last = first + Number(options.cases);
for (let at = first; at < last; ) at = await runWorker(at, last);
counts.cases = last - first;
const text = [
  `cases ${counts.cases}, accepted by our reader ${counts.accepted}; of these in LiteRT:`,
  `  the same results ${counts.equal}, results within two steps (scores of integer networks 0.02, others 0.001) ${counts.near}, other results ${counts.other}`,
  `  refused when loaded ${counts.refused}, refused when run ${counts.notRun}, trapped ${counts.trapped}, not run for its size ${counts.large}, LiteRT's process ended ${counts.ended}`,
  ...[...refusals]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, 12)
    .map(([reason, count]) => `  ${String(count).padStart(5)}  ${reason}`),
  ...notes,
].join("\n");
console.log(text);
if (options.report !== undefined) {
  mkdirSync(dirname(options.report), { recursive: true });
  writeFileSync(options.report, `${describeRun(process.argv.slice(2))}\n\n${text}\n`);
}
