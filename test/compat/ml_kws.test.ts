import { cpSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { UserError } from "../../src/base/errors.js";
import { featureShape } from "../../src/frontend/frontend.js";
import { printGraph } from "../../src/graph/text_print.js";
import { buildModel } from "../../src/zoo/index.js";
import { helloEdgeSizes } from "../../src/zoo/hello_edge/sizes.js";
import { loadModel } from "../../src/formats/model_file.js";
import { runCompat } from "../../src/compat/index.js";
import { parseFlags } from "../../src/compat/flags.js";
import { dataFlags, networkFlags } from "../../src/compat/ml_kws/flags.js";
import { frontendOf, networkOf, soundOf } from "../../src/compat/ml_kws/network.js";
import { matrixText } from "../../src/compat/ml_kws/texts.js";
import { earshot, type Finished, root } from "../cli/command_line.js";
import { temporaryFolder, toneDataset } from "../train/tones.js";

const data = toneDataset();
const folder = temporaryFolder();
const checkpointOf = (text: string): string => /^Saving best model to "(.*)\.safetensors"$/m.exec(text)?.[1] ?? "";

/** Runs a program of ML-KWS in a folder of its own. */
const mlKws = (...args: string[]): Promise<Finished> => earshot(["compat", "ml-kws", ...args], { cwd: folder });

/** The same in this process, which saves its start. */
async function inProcess(...args: string[]): Promise<Finished> {
  const lines = { stdout: "", stderr: "" };
  const keep = (to: keyof typeof lines) => (line: string) => void (lines[to] += `${line}\n`);
  const context = { signal: new AbortController().signal, print: keep("stdout"), warn: keep("stderr") };
  try {
    return { code: await runCompat(["ml-kws", ...args], context), ...lines };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { ...lines, code: error.exitCode, stderr: `${lines.stderr}${error.message}\n` };
  }
}

const words = ["--data_dir", data, "--wanted_words", "low,high"];
const network = ["--model_architecture", "dnn", "--model_size_info", "16", "12"];
const features = ["--window_size_ms", "40", "--window_stride_ms", "20", "--dct_coefficient_count", "10"];
let trained: Finished;
let checkpoint: string;

beforeAll(async () => {
  const steps = ["--how_many_training_steps", "10,6", "--learning_rate", "0.003,0.001", "--eval_step_interval", "8"];
  trained = await mlKws("train.py", ...network, ...words, ...features, ...steps, "--train_dir", "out", "--batch_sise", "5");
  checkpoint = checkpointOf(trained.stdout);
});

describe("train", () => {
  it("warns of an unknown flag, names the nearest, and goes on", () => {
    expect(trained.stderr).toContain(
      "warning: ml-kws train: there is no flag --batch_sise; did you mean --batch_size? (ignored)",
    );
    expect(trained.code).toBe(0);
  });

  it("prints the original's last line and leaves its files", async () => {
    expect(trained.stdout).toMatch(/^Final test accuracy: \d+\.\d\d%\n$/m);
    expect(checkpoint).toMatch(/^out\/best\/dnn_[01]\.\d{3}_ckpt$/);
    expect(readFileSync(join(folder, "out/dnn_labels.txt"), "utf8")).toBe("_silence_\n_unknown_\nlow\nhigh\n");
    const { graph, frontendDescription } = await loadModel(join(folder, `${checkpoint}.safetensors`));
    expect(graph.inputs[0].value.type.shape).toEqual([1, 49, 10]);
    expect(frontendDescription).toMatchObject({ kind: "mfcc_op", windowMs: 40, lowerHertz: 20, upperHertz: 4000 });
  });

  it("trains as the originals do", () => {
    const recipe = JSON.parse(readFileSync(join(folder, "out/run/recipe.json"), "utf8")) as Record<string, unknown>;
    expect(recipe).toMatchObject({
      sampling: { order: "walk" },
      schedule: { kind: "piecewise", rates: [0.003, 0.001], steps: [10, 6] },
      steps: 16,
      batch: 100,
      validateEvery: 8,
      optimizer: { kind: "adam", epsilon: 1e-7, epsilonInside: true },
      augmentation: {
        waveform: {
          timeShiftMilliseconds: 100,
          noiseFrequency: 0.8,
          noiseVolume: 0.1,
          silenceVolume: 0.1,
          silenceFrequency: 0.8,
        },
      },
    });
  });

  it.each([
    [["--learning_rate", "0.1"], "--how_many_training_steps and --learning_rate must be equally long lists"],
    [["--model_architecture", "ds_cn"], "--model_architecture 'ds_cn': there is no such network; did you mean ds_cnn?"],
    [["--model_size_info", "16", "x"], "--model_size_info: 'x' is not a number"],
    [["--model_architecture", "cnn", "--model_size_info", "16"], "--model-size-info has 1 numbers and needs 12"],
    [["--batch_size", "0"], "'batch' is 0"],
    [["--silence_percentage", "1e300"], "--silence_percentage 1e+300: it must be 0 to 10000"],
    [["--validation_percentage", "101"], "--validation_percentage 101: it must be 0 to 100"],
    [["--how_many_training_steps", "1e300,5"], "schedule.steps.0"],
    [["--clip_duration_ms", "0"], "'samples' is 0"],
    [["--dct_coefficient_count", "41"], "option dctCoefficients"],
    [["--data_dir", "missing", "--data_url", ""], "missing: there is no data set in this folder"],
    [["--wanted_words", "low,loud"], "there are no clips of 'loud'"],
  ])("refuses %j", async (args, message) => {
    const { code, stderr } = await inProcess("train", ...words, "--train_dir", join(folder, "refused"), ...args);
    expect(stderr).toContain(message);
    expect(code).toBeGreaterThan(0);
    expect(existsSync(join(folder, "refused"))).toBe(false);
  });
});

describe("networks", () => {
  const table = { ...dataFlags, ...networkFlags };

  it.each(helloEdgeSizes)("the published command of $name builds that network", ({ architecture, options, frontend, shape }) => {
    const ms = frontend as { windowMs: number; strideMs: number; dctCoefficients: number };
    const sizes = ((options["modelSizeInfo"] as number[] | undefined) ?? [128]).map(String);
    const heard = ["--window_size_ms", `${ms.windowMs}`, "--window_stride_ms", `${ms.strideMs}`];
    const given = ["--model_architecture", architecture.replace("hello_edge/", ""), "--model_size_info", ...sizes];
    const args = [...given, ...heard, "--dct_coefficient_count", `${ms.dctCoefficients}`];
    const flags = parseFlags(table, args, { program: "train" });
    expect(frontendOf(flags)).toEqual(frontend);
    expect(featureShape(frontendOf(flags), soundOf(flags))).toEqual({ frames: shape.frames, features: shape.features });
    const built = networkOf(flags);
    expect(printGraph(buildModel(built.name, built.options, shape))).toBe(printGraph(buildModel(architecture, options, shape)));
  });
});

describe("test, convert, evaluation", () => {
  it("test measures a checkpoint on both sets in the original's words", async () => {
    const { code, stdout } = await mlKws("test", ...network, ...words, ...features, "--checkpoint", checkpoint);
    expect(code).toBe(0);
    // 24 clips of words, ceil(10 %) of silence.
    const part = (set: string, name: string): string =>
      `Running testing on ${set} set\\.\\.\\.\\n\\[\\[ *\\d+ .*\\]\\n( \\[.*\\]\\n)* \\[.*\\]\\]\\n${name} accuracy = \\d+\\.\\d\\d%\\(N=27\\)\\n`;
    expect(stdout).toMatch(new RegExp(`^${part("validation", "Validation")}${part("test", "Test")}$`));
  });

  it("the split by hash is taken where its percentages are given", async () => {
    const { stdout } = await inProcess(
      "test",
      ...words,
      "--checkpoint",
      join(folder, checkpoint),
      "--validation_percentage",
      "40",
    );
    expect(stdout).toMatch(/Validation accuracy = .*%\(N=\d+\)/);
    expect(stdout).not.toMatch(/Validation accuracy = .*%\(N=27\)/);
  });

  it("flags that contradict the checkpoint are refused", async () => {
    const other = await inProcess("test", ...words, "--checkpoint", join(folder, checkpoint), "--model_size_info", "16", "11");
    expect(other.stderr).toContain("is another network than --model_architecture dnn --model_size_info 16 11: hidden.1");
    const heard = await inProcess("test", ...words, "--checkpoint", join(folder, checkpoint), "--window_size_ms", "30");
    expect(heard.stderr).toContain("was trained on other features than --window_size_ms say");
    expect([other.code, heard.code]).toEqual([2, 2]);
  });

  it.each([
    ["convert_to_tflite", ["--inference_type", "int8"], "dnn_quantized.tflite", "Quantized"],
    ["convert", ["--quantize", "--no-quantize"], "dnn.tflite", "Converted"],
  ])("%s %j writes a file, says so and measures it", async (program, args, file, done) => {
    const { code, stdout } = await mlKws(program, ...network, ...words, "--checkpoint", checkpoint, ...args);
    expect(code).toBe(0);
    expect(stdout.startsWith(`${done} model saved to ${file}.\nRunning `)).toBe(true);
    const lines = stdout.split("\n").filter((line) => line.includes("accuracy"));
    const again = await mlKws(program === "convert" ? "test_tflite" : "evaluation", "--data_dir", data, "--tflite_path", file);
    // The file says its front end and labels, so no flag has to.
    expect(again.stdout.split("\n").filter((line) => line.includes("accuracy"))).toEqual(lines);
    expect(lines).toHaveLength(program === "convert" ? 1 : 2);
  });

  it.each([
    ["optimize", "ml-kws optimize (clusters the weights to 32 values a layer) is not there yet"],
    ["optimisations.py", "ml-kws optimisations (clusters"],
    ["./recreate_model.sh", "ml-kws recreate_model.sh"],
    ["label_wav.py", "is not there yet; run earshot predict MODEL RECORDING.wav"],
  ])("%s is not there yet", async (program, message) => {
    const { code, stderr, stdout } = await inProcess(program, "--checkpoint", checkpoint);
    expect([code, stdout, stderr.split("\n").length]).toEqual([1, "", 2]);
    expect(stderr).toContain(message);
  });

  it("16-bit activations are not there yet, and nothing is written", async () => {
    const other = ["--model_architecture", "single_fc", "--inference_type", "int16"];
    const { code, stderr } = await inProcess("convert_to_tflite", ...words, "--checkpoint", checkpoint, ...other);
    expect(stderr).toContain("--inference_type int16 (8-bit weights, 16-bit activations) is not there yet");
    expect([code, existsSync(join(folder, "single_fc_quantized.tflite"))]).toEqual([1, false]);
  });
});

const shared = join(root, "../shared/models");
const labels = ["_silence_", "_unknown_", "yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go"];

/** What the decisions that were recorded of a model make of the 60 clips, as the programs print it. */
function recorded(name: string): string {
  const rows = readFileSync(join(shared, `expected/arm-tf2/${name}.csv`), "utf8")
    .trim()
    .split("\n")
    .slice(1);
  const decided = rows.map((row) => row.split(",")).filter(([clip]) => labels.includes(String(clip?.split("/")[0])));
  const count = (truth: string, decision: string) => decided.filter(([, t, d]) => t === truth && d === decision).length;
  const right = labels.reduce((sum, label) => sum + count(label, label), 0);
  const matrix = matrixText(labels.map((truth) => labels.map((decision) => count(truth, decision))));
  return `${matrix}\nTest accuracy = ${((100 * right) / 60).toFixed(2)}%(N=60)\n`;
}

describe.skipIf(!existsSync(shared))("models of the original (../shared/models)", () => {
  const clips = join(folder, "clips");
  const all = ["--data_dir", clips, "--validation_percentage", "0", "--testing_percentage", "100"];
  const heard = ["--window_size_ms", "40", "--window_stride_ms", "40", "--dct_coefficient_count", "10"];
  const file = join(shared, "arm-tf2/dnn_s_quantized.tflite");
  const tensorflow = join(shared, "arm-tf2/ckpt_DNN_S/dnn_0.84_ckpt");

  beforeAll(() => {
    mkdirSync(clips);
    for (const label of labels) cpSync(join(shared, "clips", label), join(clips, label), { recursive: true });
  });

  it("test_tflite decides as was recorded, and says which flags do not fit", async () => {
    const { stdout } = await mlKws("test_tflite", "--tflite_path", file, ...all, ...heard);
    expect(stdout).toBe(`Running testing on test set...\n${recorded("dnn_s_quantized")}`);
    const refused = await inProcess("test_tflite", "--tflite_path", file, ...all);
    expect(refused.stderr).toContain("takes 250 values, and --window_size_ms, --window_stride_ms");
  });

  it("convert takes a checkpoint of TensorFlow, and the file decides as the checkpoint did", async () => {
    const network = ["--model_architecture", "dnn", "--model_size_info", "144", "144", "144"];
    const { stdout } = await mlKws("convert", "--no-quantize", "--checkpoint", tensorflow, ...network, ...heard, ...all);
    expect(stdout).toBe(`Converted model saved to dnn.tflite.\nRunning testing on test set...\n${recorded("dnn_0.84_ckpt")}`);
    const other = await inProcess("convert", "--checkpoint", tensorflow, ...network, ...all);
    expect(other.stderr).toContain("layer_with_weights-0/kernel is [250,144] where hidden.0.kernel takes [3920,144]");
  });
});
