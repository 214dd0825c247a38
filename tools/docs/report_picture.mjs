// Makes docs/report.png and docs/comparison.png: synthesises words, trains three networks, and takes pictures of their pages in Chromium.
// Usage: npm run build && node tools/docs/report_picture.mjs [--out docs] [--work FOLDER] [--steps 800] [--browser chromium]
// What is in --work already (the data set, a trained run) is used again.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    out: { type: "string", default: "docs" },
    work: { type: "string" },
    steps: { type: "string", default: "800" },
    browser: { type: "string", default: "chromium" },
  },
});
const program = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const out = resolve(values.out);
const work = resolve(values.work ?? mkdtempSync(join(tmpdir(), "earshot-picture-")));
/** A README is read on slow lines too. */
const largestPicture = 200_000;

const words = "yes,no,up,down,left,right,stop,go";
const runs = [
  { name: "ds_cnn_s", network: "ds_cnn_s", seed: 0 },
  { name: "ds_cnn_s-again", network: "ds_cnn_s", seed: 1 },
  { name: "dnn_s", network: "dnn_s", seed: 0 },
];

function run(command, args, cwd = work) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: ["ignore", "inherit", "inherit"] });
  if (error !== undefined || status !== 0)
    throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? `status ${status}`}`);
}

const earshot = (...args) => run(process.execPath, [program, ...args]);

function picture(page, name, width, height) {
  const file = join(out, name);
  const size = `--window-size=${width},${height}`;
  run(values.browser, [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    size,
    `--screenshot=${file}`,
    `file://${page}`,
  ]);
  const bytes = statSync(file).size;
  console.log(`${file}: ${bytes} bytes`);
  if (bytes > largestPicture) throw new Error(`${name} has ${bytes} bytes, more than ${largestPicture}; make the window smaller`);
}

mkdirSync(out, { recursive: true });
mkdirSync(work, { recursive: true });
if (!existsSync(join(work, "words"))) earshot("data", "synth", "--out", "words", "--words", words, "--per-word", "100");
for (const { name, network, seed } of runs) {
  if (existsSync(join(work, name, "report.html"))) continue;
  // What an interrupted call left.
  rmSync(join(work, name), { recursive: true, force: true });
  const settings = ["--words", words, "--steps", values.steps, "--validate-every", "40", "--batch", "50", "--seed", String(seed)];
  earshot("train", network, "--data", "words", "--out", name, ...settings);
}
earshot("report", "ds_cnn_s");
earshot("report", ...runs.map(({ name }) => name), "--out", "comparison.html");
picture(join(work, "ds_cnn_s", "report.html"), "report.png", 1000, 1240);
picture(join(work, "comparison.html"), "comparison.png", 1000, 1400);
