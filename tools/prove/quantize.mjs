// Quantizes the models that come with earshot, ranges from training arrays, and measures float and int8 on validation arrays and, once,
// on testing sounds:
//   npm run prove:quantize -- DATA/features DATA/speech_commands
// Writes results/quantize.txt.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { keywordModels } from "../models/keyword_models.mjs";

const [features, sounds] = process.argv.slice(2);
if (!features || !sounds) {
  console.error("usage: npm run prove:quantize -- DATA/features DATA/speech_commands");
  process.exit(2);
}

const models = await keywordModels();
const main = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "earshot-quantize-"));
const earshot = (...args) =>
  JSON.parse(
    execFileSync(process.execPath, [main, ...args, "--json"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
  );
const percent = (x) => `${(x * 100).toFixed(2)} %`;
const points = (x) => `${x >= 0 ? "+" : ""}${(x * 100).toFixed(2)}`;
const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
const lines = [
  `${new Date().toISOString().slice(0, 10)}, commit ${commit}, ${cpus()[0].model}, Node ${process.version}`,
  "earshot quantize MODEL --calibrate FEATURES --clips 500 (training arrays)",
  "",
  "model         method      cells  float        int8         points  of",
];
const row = (name, method, cells, before, after, of) => {
  lines.push(
    `${name.padEnd(14)}${method.padEnd(12)}${cells.padEnd(7)}${percent(before).padEnd(13)}${percent(after).padEnd(13)}${points(after - before).padEnd(8)}${of}`,
  );
  console.log(lines.at(-1));
};

const clips = (model) => earshot("evaluate", model, "--data", sounds, "--split", "testing").accuracy;

function measure(name, method, cells) {
  const out = join(folder, `${name}.safetensors`);
  const common = ["--calibrate", features, "--method", method, "--recurrent", cells, "--wide", "none", "--out", out];
  const { before, after } = earshot("quantize", name, ...common, "--features", features);
  const shown = name.startsWith("crnn") ? cells : "-";
  row(name, method, shown, before, after, "validation arrays");
  if (["error", "minmax"].includes(method)) row(name, method, shown, clips(name), clips(out), "testing sounds");
}

try {
  for (const name of models)
    for (const cells of name.startsWith("crnn") ? ["int8", "int16"] : ["int8"]) measure(name, "error", cells);
  for (const method of ["minmax", "percentile", "entropy"]) for (const name of models) measure(name, method, "int8");
} finally {
  rmSync(folder, { recursive: true, force: true });
}
mkdirSync("results", { recursive: true });
writeFileSync("results/quantize.txt", `${lines.join("\n")}\n`);
