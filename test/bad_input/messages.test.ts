import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UserError } from "../../src/base/errors.js";
import { unpackTarGz } from "../../src/corpus/unpack.js";
import { writeBadFiles } from "./files.js";
import { runInProcess } from "./run_in_process.js";

let root: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "earshot-bad-"));
  await writeBadFiles(root);
});
afterAll(() => rmSync(root, { recursive: true }));

/** A line a case: what is wrong, the exit code, the command line. DIR is the folder of bad files. */
const cases: readonly [what: string, code: 1 | 2, commandLine: string][] = [
  ["sounds of every bad kind", 1, "data check DIR/sounds"],
  ["an empty sound", 1, "predict ds_cnn_s DIR/empty.wav --target wasm"],
  ["ten hours where a clip is expected", 1, "predict ds_cnn_s DIR/ten_hours.wav --target wasm"],
  ["a sound that is not there", 1, "predict ds_cnn_s DIR/gone.wav"],
  ["a folder without sounds", 1, "predict ds_cnn_s DIR/nothing"],

  ["a folder that is not there", 1, "data stats DIR/gone"],
  ["a file in a folder's place", 1, "data stats DIR/good.wav"],
  ["an empty folder", 1, "data check DIR/nothing"],
  ["a word that the data does not have", 1, "data stats DIR/words --words yes,maybe"],
  ["a clip in two lists", 1, "data stats DIR/listed_twice --words yes"],
  ["a listed clip that is not there", 1, "data stats DIR/listed_nowhere --words yes"],
  ["a list that names no folders", 1, "data stats DIR/listed_badly --words yes"],
  ["split lists that are not there", 1, "data stats DIR/words --words yes --split-by lists"],
  ["split folders that are not there", 1, "data stats DIR/words --words yes --split-by folders"],

  ["a manifest that is not there", 1, "data stats DIR/gone.jsonl"],
  ["an empty manifest", 1, "data stats DIR/empty.jsonl"],
  ["a manifest that is no JSON", 1, "data stats DIR/broken.jsonl"],
  ["a manifest without a label", 1, "data stats DIR/no_label.jsonl"],
  ["a manifest with a number for a path", 1, "data stats DIR/no_path.jsonl"],
  ["a manifest with a misspelt split", 1, "data stats DIR/bad_split.jsonl"],
  ["a manifest with a clip that ends before it starts", 1, "data stats DIR/backwards.jsonl"],
  ["a manifest with a sound that is not there", 1, "data stats DIR/lost_sound.jsonl"],
  ["a manifest of lists", 1, "data stats DIR/list.jsonl"],

  ["an archive that is not there", 1, "evaluate ds_cnn_s --features DIR/words --target wasm"],
  ["a cut archive", 1, "train --features DIR/archives/cut --out DIR/out"],
  ["an archive that is none", 1, "train --features DIR/archives/no_npy --out DIR/out"],
  ["an archive of absurd size", 1, "train --features DIR/archives/absurd --out DIR/out"],
  ["an archive of Python objects", 1, "train --features DIR/archives/objects --out DIR/out"],
  ["a big-endian archive", 1, "train --features DIR/archives/big_endian --out DIR/out"],
  ["an archive in Fortran order", 1, "train --features DIR/archives/fortran --out DIR/out"],
  ["an archive without an index", 1, "train --features DIR/archives/no_index --out DIR/out"],
  ["an index without its columns", 1, "train --features DIR/archives/no_columns --out DIR/out"],
  ["an index beyond the archive", 1, "train --features DIR/archives/beyond --out DIR/out"],
  ["an array that is listed twice", 1, "train --features DIR/archives/twice --out DIR/out"],
  ["an index with a misspelt split", 1, "train --features DIR/archives/bad_split --out DIR/out"],
  ["a description that is no JSON", 1, "train --features DIR/archives/bad_json --out DIR/out"],
  ["a description with scale 0", 1, "train --features DIR/archives/zero_scale --out DIR/out"],

  ["a misspelt command", 2, "evalute ds_cnn_s"],
  ["a misspelt option", 2, "train --data DIR/words --out DIR/out --leraning-rate 0.1"],
  ["a misspelt choice", 2, "evaluate ds_cnn_s --data DIR/words --split test"],
  ["a missing argument", 2, "predict"],
  ["a missing value", 2, "train --data"],
  ["an option out of range", 2, "train --data DIR/words --out DIR/out --batch 0"],
  ["a fraction where a whole number is expected", 2, "train --data DIR/words --out DIR/out --steps 1.5"],
  ["a text where a number is expected", 2, "train --data DIR/words --out DIR/out --noise-volume loud"],
  ["an empty item of a list", 2, "data stats DIR/words --words yes,,no"],
  ["a word that is named twice", 2, "data stats DIR/words --words yes,no,yes"],
  ["a reserved word", 2, "data stats DIR/words --words yes,_silence_"],
  ["no data", 2, "train --out DIR/out"],
  ["no folder for the run", 2, "train --data DIR/words"],
  ["sounds and features at once", 2, "evaluate ds_cnn_s --data DIR/words --features DIR/archives/cut"],
  ["weights for other sources", 2, "train --data DIR/words --weights 1,2 --out DIR/out"],
  ["a misspelt network", 2, "train ds_cn_s --data DIR/words --out DIR/out"],
  ["a misspelt option of the network", 2, "train crnn --data DIR/words --words yes,no --out DIR/out --option gru_unit=3"],
  ["a list that is not closed", 2, "train crnn --data DIR/words --words yes,no --out DIR/out --option cnn_filters=(3"],
  ["lists of different lengths", 2, "train crnn --data DIR/words --words yes,no --out DIR/out --option cnn_filters=16,16,16"],
  ["a misspelt front end", 2, "train --data DIR/words --frontend kws_straming --out DIR/out"],
  ["a schedule without a rate", 2, "train --data DIR/words --schedule cosine --warmup 100 --out DIR/out"],
  ["rates without their steps", 2, "train --data DIR/words --learning-rate 0.1,0.01 --out DIR/out"],
  ["fewer rates than steps", 2, "train --data DIR/words --learning-rate 0.1 --schedule-steps 5,5 --out DIR/out"],
  ["too many rates", 2, "train --data DIR/words --schedule cosine --learning-rate 0.1,0.01 --out DIR/out"],
  ["an option of another schedule", 2, "train --data DIR/words --learning-rate 0.1 --gamma-every 5 --out DIR/out"],
  ["a front end that is no JSON", 1, "train --data DIR/words --frontend DIR/good.wav --out DIR/out"],

  ["a recipe that is not there", 1, "train --recipe DIR/recipes/gone.json --out DIR/out"],
  ["a recipe that is a folder", 1, "train --recipe DIR/recipes --out DIR/out"],
  ["a recipe with a comma too many", 1, "train --recipe DIR/recipes/comma.json --out DIR/out"],
  ["a recipe with a key twice", 1, "train --recipe DIR/recipes/twice.json --out DIR/out"],
  ["a recipe of lists in lists", 1, "train --recipe DIR/recipes/deep.json --out DIR/out"],
  ["a recipe of a megabyte", 1, "train --recipe DIR/recipes/large.json --out DIR/out"],
  ["a recipe that is a list", 2, "train --recipe DIR/recipes/list.json --out DIR/out"],
  ["an unknown field", 2, "train --recipe DIR/recipes/unknown_field.json --out DIR/out"],
  ["an unknown field deep inside", 2, "train --recipe DIR/recipes/unknown_inside.json --out DIR/out"],
  ["a field of the wrong type", 2, "train --recipe DIR/recipes/wrong_type.json --out DIR/out"],
  ["a field out of range", 2, "train --recipe DIR/recipes/out_of_range.json --out DIR/out"],
  ["an empty list of data", 2, "train --recipe DIR/recipes/no_data.json --out DIR/out"],
  ["a text for the list of data", 2, "train --recipe DIR/recipes/data_is_text.json --out DIR/out"],
  ["rates and steps that do not go together", 2, "train --recipe DIR/recipes/rates.json --out DIR/out"],
  ["an unknown network in a recipe", 2, "train --recipe DIR/recipes/unknown_model.json --out DIR/out"],
  ["an unknown option of the front end in a recipe", 2, "train --recipe DIR/recipes/front_end.json --out DIR/out"],

  ["a misspelt model", 1, "predict ds_cn_s DIR/good.wav"],
  ["an empty model file", 1, "predict DIR/models/empty.safetensors DIR/good.wav"],
  ["a sound for a model", 1, "predict DIR/good.wav DIR/good.wav"],
  ["PyTorch's weights for a model", 1, "evaluate DIR/weights/unknown.pth --data DIR/words"],
  ["a folder for a model's costs", 1, "profile DIR/words"],
  ["a .tflite file to import", 1, "import DIR/models/text.tflite -o DIR/out.safetensors"],
  ["a text for a model", 1, "predict DIR/models/text.safetensors DIR/good.wav"],
  ["a model cut in its header", 1, "predict DIR/models/cut_in_header.safetensors DIR/good.wav"],
  ["a model cut in its weights", 1, "predict DIR/models/cut_in_weights.safetensors DIR/good.wav"],
  ["a flipped bit in a weight", 1, "predict DIR/models/flipped_weight.safetensors DIR/good.wav"],
  ["a header of absurd size", 1, "predict DIR/models/huge_header.safetensors DIR/good.wav"],
  ["a tensor that stands twice", 1, "predict DIR/models/twice.safetensors DIR/good.wav"],
  ["a tensor of absurd size", 1, "predict DIR/models/absurd_shape.safetensors DIR/good.wav"],
  ["a tensor beyond the end", 1, "predict DIR/models/beyond.safetensors DIR/good.wav"],
  ["tensors that overlap", 1, "predict DIR/models/overlap.safetensors DIR/good.wav"],
  ["an unknown element type", 1, "predict DIR/models/pickled.safetensors DIR/good.wav"],
  ["another tool's file", 1, "predict DIR/models/foreign.safetensors DIR/good.wav"],
  ["a model of a later version", 1, "predict DIR/models/later.safetensors DIR/good.wav"],
  ["a weight of the wrong shape", 1, "predict DIR/models/wrong_shape.safetensors DIR/good.wav"],
  ["a missing weight", 1, "predict DIR/models/missing_tensor.safetensors DIR/good.wav"],
  ["fewer labels than scores", 1, "predict DIR/models/few_labels.safetensors DIR/good.wav"],
  ["an unknown op", 1, "predict DIR/models/broken_graph.safetensors DIR/good.wav"],
  ["a graph of absurd size", 1, "predict DIR/models/huge_graph.safetensors DIR/good.wav"],
  ["a text for a TFLite model", 1, "predict DIR/models/text.tflite DIR/good.wav"],

  ["weights that are not there", 1, "import DIR/weights/gone.pth -o DIR/out.safetensors"],
  ["weights of no kind that is known", 1, "import DIR/good.wav -o DIR/out.safetensors"],
  ["a model in the place of weights", 1, "import DIR/models/good.safetensors -o DIR/out.safetensors"],
  ["weights that would run a program", 1, "import DIR/weights/harmful.pth -o DIR/out.safetensors"],
  ["a whole network instead of its weights", 1, "import DIR/weights/network.pth -o DIR/out.safetensors"],
  ["a weight file that is cut", 1, "import DIR/weights/cut.pth -o DIR/out.safetensors"],
  ["an old weight file that is cut", 1, "import DIR/weights/cut_stream.pth -o DIR/out.safetensors"],
  ["a flipped bit in a weight file", 1, "import DIR/weights/flipped.pth -o DIR/out.safetensors"],
  ["a weight that claims more than there is", 1, "import DIR/weights/claims.pth -o DIR/out.safetensors"],
  ["weights of a network that is not known", 1, "import DIR/weights/unknown.pth -o DIR/out.safetensors"],
  ["weights of another network", 1, "import DIR/weights/missing.pth --network resnet18 -o DIR/out.safetensors"],
  ["a network whose weights are not known there", 2, "import DIR/weights/unknown.pth --network svdf -o DIR/out.safetensors"],
  ["weights with one entry missing", 1, "import DIR/weights/missing.pth -o DIR/out.safetensors"],
  ["fewer labels than the weights have", 1, "import DIR/weights/good.pth --labels yes,no -o DIR/out.safetensors"],

  ["a checkpoint that is of no published network", 1, "import DIR/weights/gru -o DIR/out.safetensors"],
  ["a checkpoint of another network", 1, "import DIR/weights/gru --network dnn_s --labels a,b,c,d -o DIR/out.safetensors"],
  ["an index without its data", 1, "import DIR/weights/alone -o DIR/out.safetensors"],
  ["an index that is cut", 1, "import DIR/weights/cut_index.index -o DIR/out.safetensors"],
  ["a flipped bit in an index", 1, "import DIR/weights/flipped_index -o DIR/out.safetensors"],
  ["a checkpoint whose data is cut", 1, "import DIR/weights/cut_data -o DIR/out.safetensors"],
  ["a flipped bit in a checkpoint's data", 1, "import DIR/weights/flipped_data -o DIR/out.safetensors"],
  ["a checkpoint of TensorFlow 1", 1, "import DIR/weights/old -o DIR/out.safetensors"],
  ["a folder without a checkpoint", 1, "import DIR/nothing -o DIR/out.safetensors"],
  ["a frozen graph that is cut", 1, "import DIR/weights/cut.pb -o DIR/out.safetensors"],
  ["a text for a frozen graph", 1, "import DIR/weights/text.pb -o DIR/out.safetensors"],
  ["a frozen loop that is no cell", 1, "import DIR/weights/tanh.pb -o DIR/out.safetensors"],
  ["a frozen graph with another operator", 1, "import DIR/weights/other.pb -o DIR/out.safetensors"],
  ["a frozen graph for another network", 1, "import DIR/weights/good.pb --network dnn_s --labels a,b,c -o DIR/out.safetensors"],
  ["a frozen graph without labels", 2, "import DIR/weights/good.pb -o DIR/out.safetensors"],
  ["a .h5 file that is cut", 1, "import DIR/weights/cut.h5 -o DIR/out.safetensors"],
  ["a .h5 file that is not Keras's", 1, "import DIR/weights/no_layers.h5 -o DIR/out.safetensors"],
  ["a .h5 file without a weight", 1, "import DIR/weights/no_weight.h5 -o DIR/out.safetensors"],
  ["a .h5 file with a chunk that cannot be unpacked", 1, "import DIR/weights/packed.h5 -o DIR/out.safetensors"],
  [
    "a .h5 file with other sizes",
    1,
    "import DIR/weights/good.h5 --network kws_streaming/dnn --labels a,b,c,d -o DIR/out.safetensors",
  ],

  ["a run that is not there", 1, "report DIR/runs/gone"],
  ["a folder that is no run", 1, "report DIR/runs/no_run"],
  ["an evaluation without its fields", 1, "report DIR/runs/bad_evaluation"],
  ["a cut evaluation", 1, "report DIR/runs/cut_evaluation"],
  ["a log with a text for a step", 1, "report DIR/runs/bad_log"],
  ["a run to go on with that is none", 1, "train --resume DIR/runs/no_run"],
  ["a folder for a run that is not empty", 1, "train --data DIR/words --words yes,no --out DIR/words"],
];

/** What is printed, with the folder's name taken out. */
const messages: string[] = [];

function keep(what: string, code: number | string, text: string): void {
  const plain = text.replaceAll(root, "DIR").trimEnd();
  messages.push(`# ${what} (${code})\n${plain}\n`);
}

describe("bad input", () => {
  it.each(cases)("%s: exit code %i, a message and nothing else", async (what, code, commandLine) => {
    const args = commandLine.split(" ").map((word) => word.replace("DIR", root));
    const outcome = await runInProcess(args);
    keep(what, `exit code ${outcome.code}`, outcome.stdout + outcome.stderr);
    expect(outcome.code).toBe(code);
    if (!commandLine.startsWith("data check DIR/sounds")) {
      expect(outcome.stdout).toBe("");
      expect(outcome.stderr).toMatch(/^earshot: \S/);
    }
    expect(outcome.stdout + outcome.stderr).not.toMatch(/^\s+at |This is a fault of earshot|\[object|undefined/m);
  });

  it.each([
    ["an archive to unpack without files", "nothing.tar.gz"],
    ["a cut archive to unpack", "cut.tar.gz"],
    ["a text to unpack", "text.tar.gz"],
  ])("%s: a message", async (what, name) => {
    const error: unknown = await unpackTarGz(join(root, name), join(root, "unpacked")).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    keep(what, "library", (error as UserError).message);
  });

  it("every message is the one that was agreed on", async () => {
    expect(messages.length).toBe(cases.length + 3);
    await expect(messages.join("\n")).toMatchFileSnapshot("messages.txt");
  });
});
