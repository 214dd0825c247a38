// The two generations of ARM's Hello Edge package: train, test, convert and measure the converted file, each with the document's own words.
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { adapted } from "./documents.mjs";
import { fewClips } from "./few_clips.mjs";

const words = ["yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go", "cat", "dog"];
const labels = "_silence_\n_unknown_\nyes\nno\nup\ndown\nleft\nright\non\noff\nstop\ngo\n";
/** Name, without ending, under which the best model of the training is kept for the commands behind it. */
const checkpoint = "trained_ckpt";

function checkTraining(folder, { stdout }) {
  const last = /^Final test accuracy: \d+\.\d\d%$/m.exec(stdout)?.[0];
  if (last === undefined) throw new Error(`the last line is not the original's: ${stdout.slice(-200)}`);
  const best = readdirSync(join(folder, "training/best"));
  if (best.length !== 1 || !/^dnn_[01]\.\d{3}_ckpt\.safetensors$/.test(best[0])) throw new Error(`best/ has ${best.join(", ")}`);
  if (readFileSync(join(folder, "training/dnn_labels.txt"), "utf8") !== labels) throw new Error("dnn_labels.txt is wrong");
  copyFileSync(join(folder, "training/best", best[0]), join(folder, `${checkpoint}.safetensors`));
  return `best/${best[0]}, dnn_labels.txt; ${last}`;
}

/** Throws unless each of the parts was measured in the original's words: a 12 x 12 matrix and a line. */
function checkMeasured(stdout, parts) {
  const found = [...stdout.matchAll(/^(\w+) accuracy = (\d+\.\d\d)%\(N=(\d+)\)$/gm)];
  if (found.map(([, part]) => part).join() !== parts.join())
    throw new Error(`measured: ${found.map(([line]) => line).join("; ")}`);
  const rows = [...stdout.matchAll(/^[[ ]\[ *\d+( +\d+){11}\]\]?$/gm)];
  if (rows.length !== 12 * parts.length) throw new Error(`the confusion matrices have ${rows.length} rows`);
  return found.map(([line]) => line).join(", ");
}

function checkConverted(folder, { stdout }, file, parts) {
  const said = `${file.includes("quantized") ? "Quantized" : "Converted"} model saved to ${file}.\n`;
  if (!stdout.startsWith(said)) throw new Error(`it says ${stdout.slice(0, 80)}`);
  if (!existsSync(join(folder, file))) throw new Error(`${file} is missing`);
  return `${file} of ${statSync(join(folder, file)).size} bytes, ${checkMeasured(stdout, parts)}`;
}

/** Rows of a command; several where it shows a choice, as [--inference_type int8|int16]. */
function rowsOf(command, index, adapt) {
  const [interpreter, script] = command;
  const name = script.replace(/^\.\//, "").replace(/\.(py|sh)$/, "");
  const plain = command.slice(interpreter === "python" || interpreter === "bash" ? 1 : 0);
  const fixed = plain.filter((word) => !/^\[|\]$/.test(word));
  const choices = /^\[?(.*?)\]?$/
    .exec(plain.find((word) => word.endsWith("]")) ?? "")[1]
    .split("|")
    .filter((word) => word !== "");
  const row = (more, entry) => {
    const { words: args, changed } = adapt(fixed);
    return { command: index, args: ["compat", "ml-kws", ...args, ...more], changed, ...entry };
  };
  const both = ["Validation", "Test"];
  if (name === "train") return [row([], { check: checkTraining })];
  if (name === "test" || name === "evaluation") return [row([], { check: (_, { stdout }) => checkMeasured(stdout, both) })];
  if (name === "test_tflite") return [row([], { check: (_, { stdout }) => checkMeasured(stdout, ["Test"]) })];
  if (name.startsWith("convert")) {
    const file = fixed.includes("--no-quantize") ? "dnn.tflite" : "dnn_quantized.tflite";
    const check = (folder, run) => checkConverted(folder, run, file, name === "convert" ? ["Test"] : both);
    const chosen = choices.map((type) =>
      row(["--inference_type", type], type === "int16" ? { notYet: /int16.* is not there yet/ } : { check }),
    );
    return [row([], { check }), ...chosen];
  }
  return [row([], { notYet: /^earshot compat: ml-kws .* is not there yet/ })];
}

/** @type {import("../compat.mjs").System} */
export default {
  name: "ml-kws",
  documents: ["001", "002"],
  isOwn: ([interpreter, script]) => (interpreter === "python" && script.endsWith(".py")) || interpreter === "bash",
  rows(commands, { data, folder }) {
    const few = join(folder, "few");
    fewClips(data, few, 20, words);
    let cwd = folder;
    return commands.flatMap((command, index) => {
      // The second document begins anew: it trains its own model.
      const trains = command[1] === "train.py";
      if (trains) cwd = join(folder, `generation_${index}`);
      const steps = trains ? ["--how_many_training_steps", "10,5", "--eval_step_interval", "5", "--train_dir", "training"] : [];
      const add = ["--data_dir", relative(cwd, few), ...steps];
      const adapt = (plain) => adapted(plain, { replace: { "<checkpoint_path>": checkpoint }, add });
      return rowsOf(command, index, adapt).map((row) => ({ ...row, cwd }));
    });
  },
};
