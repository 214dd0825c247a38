// The page of quantized models of kws_streaming: its commands measure trained models, so each is first run with --train 1.
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { adapted } from "./documents.mjs";
import { fewClips } from "./few_clips.mjs";

const words = ["yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go", "cat", "dog"];
const clipForms = {
  "tf/tf_non_stream_model_accuracy.txt": true,
  "tf/tf_non_stream_model_sampling_stream_accuracy.txt": true,
  "tflite_non_stream/tflite_non_stream_model_accuracy.txt": true,
  "tf/stream_state_external_model_accuracy_sub_set_reset1.txt": false,
  "tf/stream_state_external_model_accuracy_sub_set_reset0.txt": false,
  "tf/tf_stream_state_internal_model_accuracy_sub_set.txt": false,
  "tflite_stream_state_external/tflite_stream_state_external_model_accuracy_reset1.txt": false,
  "tflite_stream_state_external/tflite_stream_state_external_model_accuracy_reset0.txt": false,
};
const always = [
  "flags.txt",
  "flags.json",
  "labels.txt",
  "model_summary.txt",
  "accuracy_last.txt",
  "best_weights",
  "last_weights",
];

/** Throws where a file of train_dir is missing or is not what the original writes; gives the accuracies. */
function check(folder, model) {
  const streams = !model.startsWith("att_");
  const text = (name) => readFileSync(join(folder, name), "utf8");
  const wanted = [...always, "tflite_non_stream/non_stream.tflite"];
  if (streams) wanted.push("tflite_stream_state_external/stream_state_external.tflite");
  for (const name of wanted)
    if (!existsSync(join(folder, name)) || statSync(join(folder, name)).size === 0) throw new Error(`${name} is missing`);
  if (text("labels.txt").split("\n").length !== 12 || text("labels.txt").endsWith("\n")) throw new Error("labels.txt is wrong");
  if (!/^\d+\.\d+$/.test(text("accuracy_last.txt"))) throw new Error("accuracy_last.txt is no number");
  if (JSON.parse(text("flags.json")).label_count !== 12) throw new Error("flags.json is wrong");
  const found = [];
  for (const [name, ofClips] of Object.entries(clipForms)) {
    if (!ofClips && !streams) {
      if (existsSync(join(folder, name))) throw new Error(`${name} is there, and the original does not stream ${model}`);
      continue;
    }
    const line = text(name);
    if (!/^\d{1,3}\.\d{6} on set_size \d+$/.test(line)) throw new Error(`${name}: '${line}'`);
    found.push(line);
  }
  const files = [...new Set(found)].join(", ");
  return `${wanted.length + found.length} files as named; ${files}`;
}

/** @type {import("../compat.mjs").System} */
export default {
  name: "kws-streaming",
  documents: ["000"],
  isOwn: (command) => command[0] === "$CMD_TRAIN",
  rows(commands, { data, folder }) {
    const few = join(folder, "data2");
    fewClips(data, few, 6, words);
    const models = join(folder, "models2_q");
    return commands.flatMap((command, i) => {
      const [, ...given] = command;
      const replace = { $DATA_PATH: few, $MODELS_PATH: models };
      const name = /models2_q\/(.*)\//.exec(adapted(given, { replace }).words.join(" "))[1];
      const trained = adapted(given, { replace, values: { "--how_many_training_steps": "5,5,5,5", "--train": "1" } });
      const asItStands = adapted(given, { replace });
      return [trained, asItStands].map(({ words: args, changed }) => ({
        command: i,
        title: `model_train_eval ... --train ${args[args.indexOf("--train") + 1]} ... (${name})`,
        args: ["compat", "kws-streaming", ...args],
        changed,
        check: () => check(join(models, name), name),
      }));
    });
  },
};
