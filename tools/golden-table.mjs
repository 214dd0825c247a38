// Runs the golden tests and writes the largest difference of every case on every target into results/golden.txt.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "earshot-golden-"));
const targets = ["oracle", "wasm", "native", "samples"];

/** Output of vitest on some test files, which has to be success. */
function run(files) {
  const { status, stdout, stderr } = spawnSync("npx", ["vitest", "run", ...files], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1 << 28,
    env: { ...process.env, EARSHOT_GOLDEN_TABLE: folder, NO_COLOR: "1", FORCE_COLOR: "0" },
  });
  if (status !== 0) throw new Error(`the golden tests failed:\n${stdout}\n${stderr}`);
  return stdout;
}

function table(rows) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join("  ")
      .trimEnd(),
  );
}

const short = (x) => (x === undefined ? "" : x === 0 ? "0" : x.toExponential(1));

/** One line a case: outputs and gradients on every target. */
function operations({ name, source, lines, left }) {
  const used = targets.filter((target) => lines.some((line) => line.target === target));
  const cases = [...new Set(lines.map((line) => line.name))];
  const cells = (of, target) => {
    const found = lines.find((line) => line.name === of && line.target === target);
    return target === "samples" ? [short(found?.outputs)] : [short(found?.outputs), short(found?.gradients)];
  };
  const head = ["case", ...used.flatMap((target) => (target === "samples" ? [target] : [target, "gradients"]))];
  const rows = [head, ...cases.map((of) => [of, ...used.flatMap((target) => cells(of, target))])];
  const worst = Math.max(...lines.map((line) => Math.max(line.outputs, line.gradients ?? 0)));
  return [
    `${name}: ${source}, ${cases.length} cases`,
    "Largest difference of outputs and of gradients, each as a part of the largest value of its tensor.",
    "",
    ...table(rows),
    "",
    `largest of all: ${short(worst)}`,
    ...Object.entries(left).map(([of, reason]) => `not compared: ${of}: ${reason}`),
  ];
}

/** What the tests of the front ends print: "<case> <target>: largest difference <of what> <number>". */
function frontends(output) {
  const found = [
    ...output.matchAll(/^(\S+) (oracle|wasm|native): largest difference (?:(of the \w+) )?([\d.e+-]+)( \w[\w ]*)?$/gm),
  ];
  if (found.length === 0) throw new Error("the tests of the front ends printed no differences");
  const cases = [...new Set(found.map(([, name]) => name))];
  const used = targets.filter((target) => found.some(([, , of]) => of === target));
  const rows = [["case", ...used, "unit"]];
  for (const name of cases) {
    const lines = found.filter(([, of]) => of === name);
    const cells = used.map((target) =>
      short(lines.map((line) => (line[2] === target ? Number(line[4]) : undefined)).find((x) => x !== undefined)),
    );
    rows.push([name, ...cells, lines[0][5]?.trim() ?? lines[0][3] ?? "of the coefficient"]);
  }
  const sources = ["frontend_tensorflow", "frontend_torchaudio"].map((file) => {
    const path = join(root, "test/golden", `${file}.json`);
    return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")).source : file;
  });
  return [`front ends: ${sources.join("; ")}, ${cases.length} cases`, "Largest absolute difference.", "", ...table(rows)];
}

const output = run(["test/golden", "test/frontend/golden.test.ts"]);
const parts = ["ops_torch", "ops_tensorflow"].map((name) =>
  operations(JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"))),
);
rmSync(folder, { recursive: true });
const head = [
  "Golden comparisons: `npm run golden:table` makes this file again; tools/golden/README.md says how the originals were run.",
  "oracle: the graph as differentiation leaves it, in JavaScript; wasm, native: after the passes. An empty place: no such run.",
];
mkdirSync(join(root, "results"), { recursive: true });
writeFileSync(
  join(root, "results/golden.txt"),
  `${[head, ...parts, frontends(output)].map((lines) => lines.join("\n")).join("\n\n\n")}\n`,
);
console.log("results/golden.txt is written");
