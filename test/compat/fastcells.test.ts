import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { UserError } from "../../src/base/errors.js";
import { runCompat } from "../../src/compat/index.js";
import { readRowSet } from "../../src/corpus/row_set.js";
import { loadModel } from "../../src/formats/model_file.js";
import { decodeNpy } from "../../src/formats/npy.js";
import { hasCrossCompiler } from "../../src/targets/c/cross_compiler.js";
import { earshot } from "../cli/command_line.js";
import { temporaryFolder, writeWav } from "../corpus/folders.js";

const work = temporaryFolder();
const data = toneWords();

/** Two words that are noisy tones of a second; eight recordings for each split, of which training has no list. */
function toneWords(): string {
  const root = temporaryFolder();
  const random = new RandomStream(11);
  for (const [word, low] of [
    ["low", 300],
    ["high", 1500],
  ] as const)
    for (const split of ["training", "validation", "testing"])
      for (let i = 0; i < 8; i++) {
        const frequency = low * random.between(1, 1.5);
        const sound = Float32Array.from(
          { length: 16_000 },
          (_, n) => 0.3 * Math.sin((2 * Math.PI * frequency * n) / 16_000) + 0.02 * random.normal(),
        );
        const name = `${word}/${split.slice(0, 2)}${i}_nohash_0.wav`;
        writeWav(join(root, name), sound);
        if (split !== "training") writeFileSync(join(root, `${split}_list.txt`), `${name}\n`, { flag: "a" });
      }
  return root;
}

/** Runs a program of the system in the working folder. */
async function run(...words: string[]) {
  // Compiling kernels in C would take longer than all the training.
  return earshot(["compat", "fastcells", ...words], { cwd: work, environment: { EARSHOT_CC: "none" } });
}

async function right(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...words);
  expect([code, stderr], words.join(" ")).toEqual([0, stderr]);
  return stdout;
}

const seedFeaturizer = "-ws 400 --nfft 512 --iir --log --log_delta 2.220446049250313e-16 --power_spec -fs 32".split(" ");
const seedCompile =
  "--bitcode -od . --fuseLinearOps True --header --blas false --optimize true --target custom --numBits 32 --cpu cortex-m4 --triple armv6m-gnueabi --features +vfp4,+d16".split(
    " ",
  );
const seedLlc =
  "-O3 -filetype=asm -mtriple=armv6m-gnueabi -mcpu=cortex-m4 -relocation-model=pic -float-abi=hard -mattr=+vfp4,+d16".split(" ");

describe("earshot compat fastcells", () => {
  let printed: Record<string, string> = {};

  beforeAll(async () => {
    const lists = await right("make_training_list.py", "-max", "6", "--wav_files", data);
    const featurizer = await right("make_featurizer", ...seedFeaturizer);
    const wrap = await right(
      "wrap",
      "--model_file",
      "featurizer.ell",
      "--outdir",
      "compiled_featurizer",
      "--module_name",
      "mfcc",
    );
    const dataset: string[] = [];
    for (const split of ["training", "validation", "testing"]) {
      const shape = ["--window_size", "98", "--shift", "98", "--multicore"];
      dataset.push(
        await right(
          "make_dataset",
          "--list_file",
          join(data, `${split}_list.txt`),
          "--featurizer",
          "compiled_featurizer/mfcc",
          ...shape,
        ),
      );
    }
    const flags =
      "--use_gpu --normalize --rolling --max_rolling_length 1 --architecture FastGRNNCUDA --num_layers 2 --epochs 12".split(" ");
    const rest = "--learning_rate 0.1 -bs 4 -hu 6 --lr_min 0.0005 --lr_scheduler CosineAnnealingLR --lr_peaks 0".split(" ");
    const where = ["-a", data, "-c", join(data, "categories.txt"), "--outdir", "model"];
    const train = await right("train_classifier", ...where, ...flags, ...rest);
    printed = { lists, featurizer, wrap, dataset: dataset.join(""), train };
  }, 240_000);

  test("lists: folders are categories, at most -max of each", () => {
    expect(printed["lists"]).toBe(
      [
        `Shuffling: ${data}/testing_list.txt`,
        `Shuffling: ${data}/validation_list.txt`,
        "choosing 6 random files from high",
        "choosing 6 random files from low",
        `Created ${data}/categories.txt`,
        `Created ${data}/training_list.txt containing 12 wav files`,
        "",
      ].join("\n"),
    );
    expect(readFileSync(join(data, "categories.txt"), "utf8")).toBe("high\nlow\n");
    expect(readFileSync(join(data, "training_list.txt"), "utf8").trim().split("\n")).toHaveLength(12);
  });

  test("featurizer and its module", () => {
    expect(printed["featurizer"]).toBe("Saved featurizer.ell\n");
    expect(printed["wrap"]).toBe("success, now you can build the 'compiled_featurizer' folder\n");
    expect(readdirSync(join(work, "compiled_featurizer")).toSorted()).toEqual(["CMakeLists.txt", "mfcc.c", "mfcc.ell", "mfcc.h"]);
  });

  test("data sets: 98 frames of 32 values a recording", () => {
    expect(printed["dataset"]).toContain(
      "Transforming training_list.txt with sample rate=16000, auto scale=False, window size=98 and shift=98\nTransforming 6 files from high ...  found 6 rows\n",
    );
    const { rate, hop, bins, window, shift, classes, labels } = readRowSet(join(data, "testing_list.npz"));
    expect([rate, hop, bins, window, shift, classes]).toEqual([16_000, 160, 32, 98, 98, ["high", "low"]]);
    expect(labels).toHaveLength(16);
  });

  test("training: short epochs, then whole ones; the last model, its measures and its configuration", async () => {
    const lines = printed["train"]!.split("\n");
    const epochs = lines.filter((line) => line.startsWith("Epoch "));
    expect(epochs).toHaveLength(12);
    expect(epochs[0]).toMatch(/^Epoch 0, Loss \d\.\d{3}, Validation Accuracy \d+\.\d{3}, Learning Rate 0\.0\d+$/);
    expect(epochs[11]).toMatch(/Learning Rate 0\.0005$/);
    expect(lines).toContain("### CUDA not available!!");
    expect(lines).toContain(
      "Loaded dataset training_list.npz and found sample rate 16000, audio_size 160, input_size 32, window_size 98 and shift 98",
    );
    expect(lines).toContain("Training 2 layer FastGRNNCUDA using 12 rows of featurized training input...");
    const testing = Number(/Testing accuracy = ([\d.]+) %/.exec(printed["train"]!)?.[1]);
    expect(testing).toBeGreaterThan(80);
    const model = await loadModel(join(work, "model/FastGRNNCUDA6KeywordSpotter.pt"));
    expect(model.labels).toEqual(["high", "low"]);
    // W, U, biases, zeta and nu of two layers (the two scalars twice), the kernel of the linear layer; four bytes each.
    expect(lines).toContain(`Model size ${4 * (32 * 6 + 36 + 12 + 4 + 36 + 36 + 12 + 4 + 12)}`);
    const mean = decodeNpy(readFileSync(join(work, "model/mean.npy")), "mean.npy");
    expect([mean.shape, mean.data]).toEqual([[32], model.parameters.get("normalize.mean")]);
    const answers = JSON.parse(readFileSync(join(work, "model/results.txt"), "utf8")) as number[];
    const { labels } = readRowSet(join(data, "testing_list.npz"));
    const hits = answers.filter((answer, i) => labels[i] === ["high", "low"][answer]).length;
    expect((100 * hits) / 16).toBeCloseTo(testing, 3);
    const results = JSON.parse(readFileSync(join(work, "model/train_results.json"), "utf8"));
    expect(results).toMatchObject({
      accuracy_val: hits / 16,
      model: { hidden_units: 6, hidden_units2: 6 },
      dataset: { window_size: 98, num_filters: 32 },
      training: { lr_peaks: 0, optimizer: "SGD" },
    });
    expect(results.log).toHaveLength(12);
    expect(JSON.parse(readFileSync(join(work, "config.json"), "utf8"))).toMatchObject({
      training: { max_epochs: 12, rolling: true },
    });
  });

  test("--eval measures what was trained", async () => {
    const args = ["-a", data, "--outdir", "model", "--architecture", "FastGRNNCUDA", "-hu", "6", "--eval"];
    const stdout = await right("train_classifier", ...args);
    expect(/Testing accuracy = .*/.exec(stdout)?.[0]).toBe(/Testing accuracy = .*/.exec(printed["train"]!)?.[0]);
  });

  test("flags of their own layer, sparsity, a drawn label and every step in the log", async () => {
    const args = "--architecture LSTM --num_layers 2 --epochs 3 -bs 4 -hu1 5 -hu2 4 -ur1 2 -wsp 0.5 -sl low -spr 0.25 -d".split(
      " ",
    );
    const stdout = await right("train_classifier", "-a", data, "--outdir", "other", ...args, "--lr_scheduler", "TriangleLR");
    const { parameters } = await loadModel(join(work, "other/LSTM5KeywordSpotter.pt"));
    expect(parameters.get("recurrent.0.recurrent_first")).toHaveLength(5 * 2);
    expect(parameters.get("recurrent.1.recurrent_kernel")).toHaveLength(4 * 16);
    expect(parameters.has("recurrent.1.recurrent_first")).toBe(false);
    expect(stdout).toContain("Epoch 2,");
    const { log } = JSON.parse(readFileSync(join(work, "other/train_results.json"), "utf8")) as { log: object[] };
    // 6 rows of the other label and 2 drawn: two batches of 4 an epoch.
    expect(log.filter((entry) => "iteration" in entry)).toHaveLength(6);
  });

  test("compile leaves header and module, llc the assembly", async () => {
    writeFileSync(join(work, "model.ell"), readFileSync(join(work, "model/model.ell")));
    await right("compile", "-imap", "model.ell", "-cfn", "Predict", "-cmn", "completemodel", ...seedCompile);
    await right("compile", "-imap", "featurizer.ell", "-cfn", "Filter", "-cmn", "mfcc", ...seedCompile);
    expect(readFileSync(join(work, "featurizer.h"), "utf8")).toContain(
      "void mfcc_Filter(void *context, float *input, float *output);",
    );
    await right("opt", "model.bc", "-o", "model.opt.bc", "-O3");
    const refused = await run("opt", "model.h", "-o", "x.bc");
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining("no module of 'earshot compat fastcells compile'"),
    ]);
    const llc = await run("llc", "model.opt.bc", "-o", "model.S", ...seedLlc);
    if (hasCrossCompiler()) {
      expect([llc.code, llc.stderr]).toEqual([0, ""]);
      expect(readFileSync(join(work, "model.S"), "utf8")).toMatch(/\.fpu fpv4-sp-d16[^]*completemodel_Predict/);
    } else expect([llc.code, llc.stderr]).toEqual([1, expect.stringContaining("arm-none-eabi-gcc does not answer")]);
  });

  test("the modules compute on this machine what the model computes", async () => {
    const lines = [
      '#include "featurizer.h"\n#include "model.h"\n#include <stdio.h>\n#include <string.h>',
      "static short clip[16000]; static float hop[160], frame[32], scores[2];",
      "int main(void) { int at, i; while (fread(clip, 2, 16000, stdin) == 16000) { mfcc_Reset(); completemodel_Reset();",
      "for (at = 320; at < 16000; at += 160) { for (i = 0; i < 160; i++) hop[i] = clip[at + i];",
      'mfcc_Filter(0, hop, frame); completemodel_Predict(0, frame, scores); } printf("%.6f\\n", scores[0]); }',
      'return strcmp(mfcc_GetMetadata("sample_rate"), "16000") != 0 || completemodel_GetOutputSize(0) != 2 || mfcc_GetInputSize(1) != 0; }',
    ];
    const folder = join(work, "host");
    mkdirSync(folder);
    for (const name of ["model", "featurizer"]) {
      writeFileSync(join(folder, `${name}.c`), readFileSync(join(work, `${name}.bc`)));
      writeFileSync(join(folder, `${name}.h`), readFileSync(join(work, `${name}.h`)));
    }
    writeFileSync(join(folder, "main.c"), lines.join("\n"));
    const strict = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Werror"];
    execFileSync("cc", [...strict, "main.c", "model.c", "featurizer.c", "-o", "main"], { cwd: folder });
    const names = readFileSync(join(data, "testing_list.txt"), "utf8").trim().split("\n").slice(0, 6);
    const clips = names.map((name) => readFileSync(join(data, name)).subarray(-32_000));
    const scores = execFileSync(join(folder, "main"), { input: Buffer.concat(clips), encoding: "utf8" })
      .trim()
      .split("\n")
      .map(Number);
    const paths = names.map((name) => join(data, name));
    const { stdout } = await earshot(["predict", join(work, "model.ell"), ...paths, "--json"]);
    const predicted = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { scores: Record<string, number> });
    expect(scores).toHaveLength(6);
    scores.forEach((score, i) => expect(score).toBeCloseTo(predicted[i]!.scores["high"] as number, 4));
  });

  test("what is wrong is said in one line", async () => {
    const list = join(data, "training_list.txt");
    const module = join(work, "model.opt.bc");
    const featurizer = join(work, "featurizer.ell");
    const cases: [string[], number, string][] = [
      [["onnx_import", "model.onnx"], 1, "is not there yet; compile takes the model"],
      [["make_training_list"], 2, "--wav_files, -w must be given"],
      [["make_featurizer", "--nftt", "512"], 2, "there is no flag --nftt; did you mean --nfft?"],
      [["make_featurizer", "--log", "--log_delta", "0"], 2, "silence has no logarithm"],
      [["make_dataset", "--list_file", list, "-f", "none"], 1, "none: there is no such featurizer"],
      [["make_dataset", "--list_file", "gone/list.txt", "-f", featurizer], 1, "gone/list.txt: cannot be read"],
      [["make_dataset", "-l", list, "-f", featurizer, "--noise_path", "gone"], 1, "Noise dir 'gone' not found"],
      [["train_classifier", "-a", "gone", "-hu", "4"], 1, "please specify valid --dataset folder location: gone"],
      [["train_classifier", "-a", data], 2, "name the units of the layers with --hidden_units"],
      [
        ["train_classifier", "-a", data, "-hu", "4", "--num_layers", "4"],
        2,
        "--num_layers can only be one of these values [1, 2, 3]",
      ],
      [["compile", "-imap", featurizer, "--ir"], 1, "compile --ir is not there"],
      [["compile", "-imap", featurizer], 2, "say what is wanted"],
      [["llc", module, "-o", "x.S", "-mcpu=pentium"], 2, "-mcpu=pentium: it must be one of"],
    ];
    for (const [words, code, message] of cases) {
      const said: string[] = [];
      const context = { signal: new AbortController().signal, print: () => undefined, warn: (line: string) => said.push(line) };
      const found = await runCompat(["fastcells", ...words], context).catch((error: unknown) => {
        expect(error, words.join(" ")).toBeInstanceOf(UserError);
        said.push((error as UserError).message);
        return (error as UserError).exitCode;
      });
      expect([found, said], words.join(" ")).toEqual([code, [expect.stringContaining(message)]]);
      expect(said[0], words.join(" ")).not.toContain("\n");
    }
    expect(existsSync("x.S")).toBe(false);
  });
});
