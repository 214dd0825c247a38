import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { UserError } from "../../src/base/errors.js";
import { runCompat } from "../../src/compat/index.js";
import { openLiteRt } from "../../src/formats/litert.js";
import { loadModel } from "../../src/formats/model_file.js";
import { openSpotter } from "../../src/measure/spotter.js";
import { earshot, type Finished } from "../cli/command_line.js";
import { temporaryFolder, toneDataset } from "../train/tones.js";

const data = toneDataset(8);
const folder = join(temporaryFolder(), "dnn");
const words = ["--data_url", "", "--data_dir", `${data}/`, "--wanted_words", "low,high", "--testing_percentage", "30"];
const steps = ["--how_many_training_steps", "4,3", "--learning_rate", "0.003,0.001", "--eval_step_interval", "4"];
const base = [...words, ...steps, "--batch_size", "5", "--alsologtostderr"];
const network = ["dnn", "--units1", "8", "--act1", "'relu'", "--units2", "8,8"];

/** Runs a command line in this process, which saves the program's start. */
async function inProcess(...args: string[]): Promise<Finished> {
  const lines = { stdout: "", stderr: "" };
  const keep = (to: keyof typeof lines) => (line: string) => void (lines[to] += `${line}\n`);
  const context = { signal: new AbortController().signal, print: keep("stdout"), warn: keep("stderr") };
  try {
    return { code: await runCompat(["kws-streaming", ...args], context), ...lines };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { ...lines, code: error.exitCode, stderr: `${lines.stderr}${error.message}\n` };
  }
}

const textOf = (...names: string[]): string => readFileSync(join(folder, ...names), "utf8");

describe("compat kws-streaming", () => {
  let trained: Finished;

  beforeAll(async () => {
    const mfcc = ["--feature_type", "mfcc_op", "--fft_magnitude_squared", "1"];
    const environment = { EARSHOT_CC: "none" };
    trained = await earshot(["compat", "kws-streaming", ...base, ...mfcc, "--train_dir", `${folder}/`, ...network], {
      environment,
    });
  }, 120_000);

  it("trains and leaves the original's files", () => {
    expect(trained.stderr).not.toMatch(/error/i);
    expect(trained.code).toBe(0);
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => !name.startsWith("restore"));
    const named = files.map((name) => name.replace(/\d+weights_7$/, "NNNNweights_7"));
    expect(named.toSorted()).toMatchInlineSnapshot(`
      [
        "accuracy_last.txt",
        "best_weights",
        "flags.json",
        "flags.txt",
        "labels.txt",
        "last_weights",
        "model_summary.txt",
        "non_stream",
        "non_stream/model_summary.txt",
        "non_stream/non_stream.safetensors",
        "stream_state_internal",
        "stream_state_internal/model_summary.txt",
        "stream_state_internal/stream_state_internal.safetensors",
        "tf",
        "tf/model_summary_non_stream.txt",
        "tf/model_summary_stream_state_external.txt",
        "tf/model_summary_stream_state_internal.txt",
        "tf/stream_state_external_model_accuracy_sub_set_reset0.txt",
        "tf/stream_state_external_model_accuracy_sub_set_reset1.txt",
        "tf/tf_non_stream_model_accuracy.txt",
        "tf/tf_non_stream_model_sampling_stream_accuracy.txt",
        "tf/tf_stream_state_internal_model_accuracy_sub_set.txt",
        "tflite_non_stream",
        "tflite_non_stream/model_summary.txt",
        "tflite_non_stream/non_stream.tflite",
        "tflite_non_stream/tflite_non_stream_model_accuracy.txt",
        "tflite_stream_state_external",
        "tflite_stream_state_external/model_summary.txt",
        "tflite_stream_state_external/stream_state_external.tflite",
        "tflite_stream_state_external/tflite_stream_state_external_model_accuracy_reset0.txt",
        "tflite_stream_state_external/tflite_stream_state_external_model_accuracy_reset1.txt",
        "train",
        "train/0weights_4",
        "train/NNNNweights_7",
      ]
    `);
    expect(textOf("labels.txt")).toBe("_silence_\n_unknown_\nlow\nhigh");
    expect(textOf("flags.txt")).toMatch(/^act1 = "'relu'"\n/);
  });

  it("writes accuracies as the original writes them, with the same number of clips in every form", () => {
    const last = textOf("accuracy_last.txt");
    expect(last).toMatch(/^\d+\.\d+$/);
    const [, clips] = /^\d{1,3}\.\d{6} on set_size (\d+)$/.exec(textOf("tf", "tf_non_stream_model_accuracy.txt")) ?? [];
    expect(Number(clips) % 5).toBe(0);
    expect(Number(last) * Number(clips)).toBeCloseTo(Math.round(Number(last) * Number(clips)), 6);
    const lite = textOf("tflite_non_stream", "tflite_non_stream_model_accuracy.txt");
    expect(lite).toMatch(/^\d{1,3}\.\d{6} on set_size \d+$/);
    // A network without padding and recurrent state hears in a stream what it hears in a clip.
    for (const name of ["tf_stream_state_internal_model_accuracy_sub_set", "stream_state_external_model_accuracy_sub_set_reset1"])
      expect(textOf("tf", `${name}.txt`)).toBe(lite);
    for (const reset of [0, 1])
      expect(textOf("tflite_stream_state_external", `tflite_stream_state_external_model_accuracy_reset${reset}.txt`)).toBe(lite);
    expect(trained.stdout).toContain(`tflite_non_stream/tflite_non_stream_model_accuracy.txt: ${lite}\n`);
  });

  it("says in one line each what it leaves out", () => {
    expect(trained.stdout).toMatch(/^not written: SavedModels .*graph\.pbtxt.*TensorBoard.*$/m);
    expect(trained.stdout).toMatch(/^quantize_opt_for_size_\*: dynamic range quantization is not there yet.*$/m);
  });

  it("its .tflite files take samples and give logits, which 'earshot predict' knows", async () => {
    for (const name of ["tflite_non_stream/non_stream.tflite", "tflite_stream_state_external/stream_state_external.tflite"]) {
      const runtime = await openLiteRt(readFileSync(join(folder, name)), name);
      expect(runtime.inputs[0]?.shape).toEqual([1, name.includes("non_stream") ? 16_000 : 320]);
      expect(runtime.outputs[0]).toMatchObject({ name: "logits", shape: [1, 4] });
      expect(runtime.inputs.slice(1).map((state) => `${state.name}_next`)).toEqual(
        runtime.outputs.slice(1).map((out) => out.name),
      );
      runtime.close();
    }
    const spotter = await openSpotter(join(folder, "tflite_non_stream", "non_stream.tflite"));
    const scores = await spotter.scoreSounds(new Float32Array(16_000), 1);
    expect(scores.reduce((sum, score) => sum + score, 0)).toBeCloseTo(1, 5);
    spotter.close();
  });

  it("flags.json has every flag and what follows from them", () => {
    const flags = JSON.parse(textOf("flags.json")) as Record<string, unknown>;
    expect(flags).toMatchObject({ model_name: "dnn", units1: "8", batch_size: 5, label_count: 4, desired_samples: 16_000 });
    expect(flags).toMatchObject({ window_size_samples: 640, window_stride_samples: 320, spectrogram_length: 49 });
    expect(flags).toMatchObject({ data_url: "", learning_rate: "0.003,0.001", novograd_beta_2: 0.5, micro_enable_pcan: true });
  });

  it("best_weights is a model file that knows its training", async () => {
    const model = await loadModel(join(folder, "best_weights"));
    expect(model.frontendDescription).toMatchObject({ kind: "mfcc_op", upperHertz: 7000, dctCoefficients: 20 });
    expect(model.training["recipe"]).toMatchObject({ schedule: { kind: "piecewise", rates: [0.003, 0.001], steps: [4, 3] } });
  });

  it("refuses to train over a model, and to measure what is not there or another network", async () => {
    const again = await inProcess(...base, "--train_dir", folder, ...network);
    expect(again).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^model already exists in folder .*--restore_checkpoint 1.*\n$/),
    });
    const nowhere = await inProcess(...base, "--train", "0", "--train_dir", `${folder}2`, ...network);
    expect(nowhere).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^model is not trained.*set "--train 1" and retrain it\n$/),
    });
    const other = await inProcess(...base, "--train", "0", "--train_dir", folder, "dnn", "--units1", "9", "--act1", "'relu'");
    expect(other).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/weights are of another network than the flags describe/),
    });
  });
});

describe("a training that goes on", () => {
  beforeAll(() => void vi.stubEnv("EARSHOT_CC", "none"));
  afterAll(() => void vi.unstubAllEnvs());

  it("begins with the weights and the optimizer that were reached, and counts its steps anew", async () => {
    const before = await loadModel(join(folder, "last_weights"));
    // A rate so small that the weights stay what they were.
    const once = [
      "--how_many_training_steps",
      "1",
      "--learning_rate",
      "1e-12",
      "--restore_checkpoint",
      "1",
      "--start_checkpoint",
      "x",
    ];
    const mfcc = ["--feature_type", "mfcc_op", "--fft_magnitude_squared", "1"];
    const found = await inProcess(...base, ...mfcc, ...once, "--train_dir", folder, ...network);
    expect(found.stderr).toMatch(/--start_checkpoint is read and never used/);
    expect(found.code).toBe(0);
    const after = await loadModel(join(folder, "last_weights"));
    expect(after.training["steps"]).toBe(1);
    for (const [name, values] of before.parameters)
      values.forEach((value, i) => expect(after.parameters.get(name)?.[i]).toBeCloseTo(Number(value), 8));
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(["restore", "restore_1"]));
  }, 60_000);
});

describe("what the original refuses, and what is not there yet", () => {
  it.each([
    [["svdf", "--svdf_unit1", "3"], 2, "kws-streaming svdf: there is no flag --svdf_unit1; did you mean --svdf_units1?"],
    [["svdf", "--train_dir=x"], 2, "kws-streaming svdf: --train_dir must stand before the model's name"],
    [["--bach_size", "3", "svdf"], 2, "kws-streaming: there is no flag --bach_size; did you mean --batch_size?"],
    [["svd"], 2, "kws-streaming: 'svd' is no model; did you mean svdf?"],
    [[], 2, "kws-streaming: a model must stand behind the flags: dnn, "],
    [["--resample", "0.1", "--sp_resample", "0.1", "svdf"], 2, "only one of them may be other than 0"],
    [["--learning_rate", "0.1", "svdf"], 2, "must be lists of the same length, but are 3 and 1 long"],
    [["--lr_schedule", "cosine", "svdf"], 2, "--lr_schedule 'cosine': it must be linear or exp"],
    [["--optimizer", "sgd", "svdf"], 2, "--optimizer 'sgd': it must be adam, momentum or novograd"],
    [["--preprocess", "custom", "svdf"], 2, "--preprocess 'custom': it must be raw, mfcc or micro"],
    [["--fft_magnitude_squared", "2", "svdf"], 2, "--fft_magnitude_squared 2: it must be 0 or 1"],
    [["--quantize", "1", "ds_tc_resnet"], 1, "quantization-aware training from the first step) is not there yet"],
    [["--wav", "2", "svdf"], 2, "--wav 2: it must be 0 or 1"],
  ])("%j", async (args, code, message) => {
    const found = await inProcess(...args);
    expect(found.stderr).toContain(message);
    expect(found.stderr.trimEnd()).not.toContain("\n");
    expect(found.code).toBe(code);
  });

  it("-h lists flags and models, behind a model its flags", async () => {
    expect((await inProcess("-h")).stdout).toMatch(/models: dnn, dnn_raw, lstm[^]*--novograd_grad_averaging N/);
    expect((await inProcess("lstm", "--help")).stdout).toMatch(/--use_peepholes N .*\(default: 1\)/);
  });
});
