// SpeechRec's three networks between PyTorch and earshot, both ways: npm run prove:pytorch -- --python PATH [--out FILE]
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { importModel } from "../../dist/formats/import/index.js";
import { saveModel } from "../../dist/formats/model_file.js";
import { Inference } from "../../dist/train/inference.js";

const { values: options } = parseArgs({
  options: { python: { type: "string", default: "python3" }, out: { type: "string", default: "results/pytorch.txt" } },
});
const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const helper = fileURLToPath(new URL("pytorch.py", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "earshot-pytorch-"));

function python(command) {
  const { status, stdout, stderr } = spawnSync(options.python, [helper, command, folder], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

function floats(file) {
  const bytes = readFileSync(join(folder, file));
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

async function difference(name, container) {
  const model = await importModel(join(folder, `${name}_${container}.pth`));
  const network = await Inference.open(model.graph);
  const features = floats(`${name}_features.bin`);
  const wanted = floats(`${name}_logits.bin`);
  const found = new Float32Array(wanted.length);
  network.setParameters((parameter) => model.parameters.get(parameter));
  network.run(features, wanted.length / 12, found);
  network.close();
  const file = join(folder, `${name}.safetensors`);
  await saveModel(file, model);
  let largest = 0;
  for (let i = 0; i < wanted.length; i++) largest = Math.max(largest, Math.abs(found[i] - wanted[i]));
  return { file, relative: largest / Math.max(...wanted.map(Math.abs)) };
}

const lines = [];
let failed = false;
try {
  const written = python("write");
  for (const { name, entries } of written) {
    for (const container of ["zip", "stream"]) {
      const { file, relative } = await difference(name, container);
      failed ||= !(relative < 1e-5);
      lines.push(`${name.padEnd(14)}${container.padEnd(14)}${String(entries).padStart(7)}  ${relative.toExponential(1)}`);
      for (const ending of [".pth", ".safetensors"]) {
        const { status, stderr } = spawnSync(
          process.execPath,
          [main, "export", file, "--to", "pytorch", "-o", join(folder, `${name}_ours${ending}`)],
          { encoding: "utf8" },
        );
        if (status !== 0) throw new Error(stderr);
      }
    }
  }
  lines.push("", "earshot's files   file          entries  names in order  weights  logits");
  for (const { name, file, entries, order, values, same } of python("check")) {
    failed ||= !(same && values && order !== false);
    const yes = (value) => (value === null ? "any" : value ? "the same" : "DIFFERENT");
    lines.push(
      `${name.padEnd(18)}${file.padEnd(14)}${String(entries).padStart(7)}  ${yes(order).padEnd(14)}  ${yes(values).padEnd(9)}${yes(same)}`,
    );
  }
  const commit = spawnSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).stdout.trim();
  const text = [
    "State dicts of SpeechRec's three networks with random weights, saved by torch.save in both containers, imported, and written again.",
    `npm run prove:pytorch, ${new Date().toISOString().slice(0, 10)}, commit ${commit}, Node ${process.version}, torch ${written[0].torch}, ${cpus()[0]?.model}`,
    "Largest difference of the logits of 32 drawn spectrograms, as a part of the largest logit; wanted: below 1e-5.",
    "",
    "PyTorch's files   container   entries  difference",
    ...lines,
  ].join("\n");
  console.log(text);
  writeFileSync(options.out, `${text}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failed ? 1 : 0;
