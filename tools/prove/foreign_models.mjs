// Published int8 models against the outputs of TFLite's reference kernels: npm run prove:foreign-models [-- --out FILE]
import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { cpus } from "node:os";

const at = process.argv.indexOf("--out");
const out = resolve(at > 0 ? process.argv[at + 1] : "results/foreign_models.txt");
rmSync(out, { force: true });
const commit = spawnSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).stdout.trim();
const head = [
  "Published int8 .tflite models: sound, our front end, our kernels (wasm), compared with the recorded outputs of TFLite's reference kernels.",
  "'to the bit': clips whose every output is equal. LiteRT: decisions of the same file and features in LiteRT in Node, with its own",
  "kernels (--runtime litert-builtin) and with XNNPACK's (--runtime litert, as in the browser).",
  `npm run prove:foreign-models, ${new Date().toISOString().slice(0, 10)}, commit ${commit}, Node ${process.version}, ${cpus()[0]?.model}`,
  "",
];
writeFileSync(out, `${head.join("\n")}\n`);
const { status } = spawnSync("npx", ["vitest", "run", "test/formats/foreign_models.test.ts"], {
  stdio: "inherit",
  env: { ...process.env, EARSHOT_PROVE: out },
});
process.exit(status ?? 1);
