// EdgeML's page of FastCells: lists, featurizer, data sets, training, and the four files for a device, run on an emulated core.
import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readRowSet } from "../../../dist/corpus/row_set.js";
import { adapted } from "./documents.mjs";
import { hasCoreTools, runModule } from "./ell_core.mjs";

const program = fileURLToPath(new URL("../../../dist/cli/main.js", import.meta.url));
const words = ["yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go"];
const paths = { $DATASET_PATH: "data", $MODEL_DIR: "output_model", "$ELL_ROOT/build/bin/": "", "/usr/lib/llvm-8/bin/": "" };
// 560 rows in batches of 16; five short epochs, then whole ones.
const counts = { "--epochs": "60", "--max_rolling_length": "5", "-bs": "16" };

/** All clips of the ten words with the lists of testing and validation. */
function prepare(data, folder) {
  const out = join(folder, "data");
  mkdirSync(out);
  for (const word of words) cpSync(join(data, word), join(out, word), { recursive: true });
  for (const split of ["testing", "validation"]) {
    const names = readFileSync(join(data, `${split}_list.txt`), "utf8").split("\n");
    const own = names.filter((name) => words.includes(name.split("/")[0]));
    writeFileSync(join(out, `${split}_list.txt`), own.map((name) => `${name}\n`).join(""));
  }
}

function wanted(condition, what) {
  if (!condition) throw new Error(what);
}

const lines = (path) => readFileSync(path, "utf8").trim().split("\n").length;

/** Compares the four files on the core with the model here. */
function onCore(folder, abi) {
  if (!hasCoreTools()) return "arm-none-eabi-gcc or qemu-system-arm is missing: not run";
  const whole = (name) => statSync(join(folder, "data", name)).size === 32_044;
  const names = readFileSync(join(folder, "data/testing_list.txt"), "utf8").trim().split("\n").filter(whole).slice(0, 8);
  const files = names.map((name) => join(folder, "data", name));
  const clips = files.map((file) => {
    const { buffer, byteOffset } = readFileSync(file);
    return new Int16Array(buffer.slice(byteOffset + 44, byteOffset + 32_044));
  });
  const found = runModule(folder, abi, clips);
  const { stdout } = spawnSync(process.execPath, [program, "predict", join(folder, "model.ell"), ...files, "--json"], {
    encoding: "utf8",
  });
  const here = stdout
    .trim()
    .split("\n")
    .map((line) => Object.values(JSON.parse(line).scores));
  let largest = 0;
  let same = 0;
  here.forEach((scores, i) => {
    const own = Array.from(found.subarray(i * scores.length, (i + 1) * scores.length));
    if (own.indexOf(Math.max(...own)) === scores.indexOf(Math.max(...scores))) same++;
    scores.forEach((score, j) => (largest = Math.max(largest, Math.abs(score - own[j]))));
  });
  wanted(
    same === names.length && largest < 1e-4,
    `${same} of ${names.length} answers are the same, largest difference ${largest}`,
  );
  return `on an emulated Cortex-M4 (${abi}) ${same} of ${names.length} answers as here, largest difference ${largest.toExponential(1)}`;
}

const checks = {
  make_training_list: (folder, { stdout }) => {
    wanted(lines(join(folder, "data/categories.txt")) === 10, "there are not ten categories");
    wanted(stdout.includes("Created data/training_list.txt containing"), "the last line is missing");
    return `${lines(join(folder, "data/training_list.txt"))} training files, 10 categories`;
  },
  make_featurizer: (folder) => {
    const { sample_rate: rate, frontend } = JSON.parse(readFileSync(join(folder, "featurizer.ell"), "utf8"));
    wanted(rate === 16_000 && frontend.windowSize === 400 && frontend.filterbankSize === 32, "featurizer.ell is another");
    return "featurizer.ell";
  },
  wrap: (folder) => {
    const build = join(folder, "compiled_featurizer/build");
    mkdirSync(build);
    for (const [command, args] of [
      ["cmake", [".."]],
      ["make", []],
    ]) {
      const { status, error, stderr } = spawnSync(command, args, { cwd: build, encoding: "utf8" });
      if (error) return `${readdirSync(join(folder, "compiled_featurizer")).join(", ")}; no ${command} here`;
      wanted(status === 0, `${command}: ${stderr}`);
    }
    wanted(readdirSync(build).includes("libmfcc.a"), "cmake and make have made no library");
    return `${readdirSync(join(folder, "compiled_featurizer")).join(", ")}; cmake and make work`;
  },
  make_dataset: (folder, { stdout }) => {
    const name = /Saving: (data\/\w+\.npz)/.exec(stdout)?.[1];
    wanted(name !== undefined, "nothing was saved");
    const { labels, window, bins, classes } = readRowSet(join(folder, name));
    wanted(labels.length === lines(join(folder, name.replace(".npz", ".txt"))), "not a row for each file");
    wanted(window === 98 && bins === 32 && classes.length === 10, "rows of another shape");
    return `${name}: ${labels.length} rows of ${window} x ${bins}`;
  },
  train_classifier: (folder, { stdout }) => {
    const files = readdirSync(join(folder, "output_model"));
    for (const name of ["FastGRNNCUDA128KeywordSpotter.pt", "mean.npy", "std.npy", "results.txt", "train_results.json"])
      wanted(files.includes(name), `${name} is missing`);
    wanted(stdout.match(/^Epoch /gm)?.length === Number(counts["--epochs"]), "not a line for each epoch");
    const [, training, testing] = /Training accuracy = ([\d.]+) %[^]*Testing accuracy = ([\d.]+) %/.exec(stdout) ?? [];
    wanted(Number(testing) > 25, `testing accuracy ${testing} %: chance is 10 %`);
    // What onnx_import would have left in the current folder.
    copyFileSync(join(folder, "output_model/model.ell"), join(folder, "model.ell"));
    return `training accuracy ${training} %, testing ${testing} % of 1000 clips; ${/Model size \d+/.exec(stdout)?.[0]} bytes`;
  },
  compile: (folder, _, args) => {
    const base = args[args.indexOf("-imap") + 1].replace(".ell", "");
    const symbol = base === "model" ? "completemodel_Predict" : "mfcc_Filter";
    wanted(readFileSync(join(folder, `${base}.h`), "utf8").includes(`void ${symbol}(`), `${base}.h does not declare ${symbol}`);
    return `${base}.h, ${base}.bc`;
  },
  opt: (folder, _, args) => {
    const name = args[args.indexOf("-o") + 1];
    return `${name}: ${statSync(join(folder, name)).size} bytes`;
  },
  llc: (folder, _, args) => {
    const name = args[args.indexOf("-o") + 1];
    const text = readFileSync(join(folder, name), "utf8");
    wanted(/\.fpu fpv4-sp-d16/.test(text), `${name} does not use the floating-point unit`);
    return name === "featurizer.S"
      ? `${name}; ${onCore(folder, args.includes("-float-abi=hard") ? "hard" : "softfp")}`
      : `${name}: ${statSync(join(folder, name)).size} bytes`;
  },
};

const scriptOf = ([first, second = ""]) =>
  /^python3?$/.test(first) && second.endsWith(".py") ? second : /\/bin\/(compile|opt|llc)$/.test(first) ? first : undefined;

/** @type {import("../compat.mjs").System} */
export default {
  name: "fastcells",
  documents: ["003"],
  isOwn: (command) => scriptOf(command) !== undefined,
  rows(commands, { data, folder }) {
    prepare(data, folder);
    const noise = join(data, "_background_noise_");
    const rows = commands.map((command, i) => {
      const name = scriptOf(command).split("/").at(-1).replace(/\.py$/, "");
      const given = command.slice(command.indexOf(scriptOf(command)) + 1);
      const { words: args, changed } = adapted(given, {
        replace: { "$DATASET_PATH/backgroundNoise": noise, ...paths },
        values: name === "train_classifier" ? counts : {},
      });
      const row = { command: i, args: ["compat", "fastcells", name, ...args], changed };
      if (name === "onnx_import") return { ...row, notYet: /onnx_import .*is not there yet/ };
      return { ...row, check: (cwd, run) => checks[name](cwd, run, args) };
    });
    // "Follow these instructions instead of the ones above": with noise first, so that the data without it is trained on.
    const isNoisy = ({ args }) => args.includes("--noise_path");
    const first = rows.findIndex(({ args }) => args[2] === "make_dataset");
    const others = rows.filter((row) => !isNoisy(row));
    return [...others.slice(0, first), ...rows.filter(isNoisy), ...others.slice(first)];
  },
};
