// Weights of other systems against the scores that were recorded there: npm run prove:import [-- --out FILE]
import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { cpus } from "node:os";

const at = process.argv.indexOf("--out");
const out = resolve(at > 0 ? process.argv[at + 1] : "results/import.txt");
rmSync(out, { force: true });
const commit = spawnSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).stdout.trim();
const head = [
  "Trained weights of TensorFlow and Keras read by 'earshot import', then sound, our front end and our kernels (wasm), compared with the",
  "outputs that were recorded in TensorFlow. Recorded probabilities have six decimals, recorded logits six digits.",
  `npm run prove:import, ${new Date().toISOString().slice(0, 10)}, commit ${commit}, Node ${process.version}, ${cpus()[0]?.model}`,
  "",
  `${"file".padEnd(44)}  ${"network".padEnd(14)}  decisions  probability off    logits off`,
];
writeFileSync(out, `${head.join("\n")}\n`);
const { status } = spawnSync("npx", ["vitest", "run", "test/formats/imported_models.test.ts"], {
  stdio: "inherit",
  env: { ...process.env, EARSHOT_PROVE: out },
});
process.exit(status ?? 1);
