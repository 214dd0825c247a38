// SpeechRec's page: download, split, train, predict; the exports to TorchScript are answered 'not yet'.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseStateDict } from "../../../dist/formats/pytorch/read.js";
import { adapted } from "./documents.mjs";
import { fewClips } from "./few_clips.mjs";

const words = ["yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go", "cat", "dog"];
const weights = "model/weights_shufflenet_v2_05.pth";
const classes = ["unknown", "silence", ...words.slice(0, 10)];

/** data/audio with lists of its own, as if it had been fetched, and a recording to predict. */
function prepare(data, folder) {
  const audio = join(folder, "data/audio");
  fewClips(data, audio, 12, words);
  const names = words.flatMap((word) => readdirSync(join(audio, word)).map((name, i) => ({ name: `${word}/${name}`, i })));
  const list = (i) =>
    names
      .filter((entry) => entry.i % 6 === i)
      .map((entry) => `${entry.name}\n`)
      .join("");
  writeFileSync(join(audio, "testing_list.txt"), list(0));
  writeFileSync(join(audio, "validation_list.txt"), list(1));
  mkdirSync(join(folder, "data/input"));
  cpSync(join(audio, names[0].name), join(folder, "data/input/recorded_audio.wav"));
}

function wanted(condition, what) {
  if (!condition) throw new Error(what);
}

const checks = {
  download_dataset: (folder) => {
    wanted(existsSync(join(folder, "data/audio/testing_list.txt")), "data/audio is not as it was");
    return "data/audio is there and stays";
  },
  split_dataset: (folder) => {
    const count = (split) =>
      readdirSync(join(folder, "data", split), { recursive: true }).filter((name) => name.includes(".wav")).length;
    const found = ["train", "valid", "test"].map((split) => `${count(split)} in ${split}`).join(", ");
    wanted(found === "102 in train, 24 in valid, 24 in test", `${found}; wanted 96 clips and 6 noises in train, 24 each`);
    return found;
  },
  help: (_, { stdout }) => {
    for (const flag of ["-d", "-m", "-e", "-b", "-t", "-s", "-g"])
      wanted(stdout.includes(`${flag}, --`), `-h does not name ${flag}`);
    return "names all seven flags";
  },
  train: (folder, { stdout }) => {
    wanted(stdout.startsWith("\nParams(M)\t| FLOPs(G)\n0.35\t\t| 0.04\n\n{\n"), "the two lines of the counts are wrong");
    const tests = [...stdout.matchAll(/"Test loss": [\d.]+, "Test accuracy": ([\d.]+)/g)].map(([, accuracy]) => accuracy);
    wanted(tests.length === 4 && stdout.split("Saving weights").length === 3, "the log has not two epochs");
    const { size } = parseStateDict(readFileSync(join(folder, weights)), weights);
    wanted(size === 338, `${size} entries in the weights, wanted 338`);
    return `${weights}: ${size} entries; test accuracy ${tests.join(", ")} %`;
  },
  predict: (_, { stdout }) => {
    const [, label] = /\nPredicting data\/input\/recorded_audio\.wav\.\.\.\n\['(\w+)'\]\n$/.exec(stdout) ?? [];
    wanted(classes.includes(label), `no prediction: ${stdout.slice(-100)}`);
    return `['${label}']`;
  },
};

function checkOf(script, given) {
  if (script !== "main") return checks[script];
  if (given.includes("-h")) return checks.help;
  return given.includes("-t") ? checks.train : checks.predict;
}

/** @type {import("../compat.mjs").System} */
export default {
  name: "speechrec",
  documents: ["004"],
  isOwn: ([shell, script]) => ["python", "bash"].includes(shell) && /\.(py|sh)$/.test(script ?? ""),
  rows(commands, { data, folder }) {
    prepare(data, folder);
    return commands.map(([, script, ...given], i) => {
      const { words: args, changed } = adapted(given, { values: { "-e": "2", "-b": "16" } });
      const row = { command: i, args: ["compat", "speechrec", script, ...args], changed };
      const name = script.replace(/\.\w+$/, "");
      return name.startsWith("export_")
        ? { ...row, notYet: new RegExp(`${name} .*is not there yet`) }
        : { ...row, check: checkOf(name, given) };
    });
  },
};
