import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadModel, saveModel } from "../../src/formats/model_file.js";
import { toneDataset, toneRecipe } from "../train/tones.js";
import { earshot, root } from "./command_line.js";

const base = mkdtempSync(join(tmpdir(), "earshot-train-"));
afterAll(() => rmSync(base, { recursive: true }));

const data = toneDataset();
const recipeFile = join(base, "tones.json");
const model = join(base, "whole", "best.safetensors");
const fixed = ["train", "--recipe", recipeFile, "--target", "wasm", "--threads", "1"];

beforeAll(async () => {
  writeFileSync(recipeFile, JSON.stringify(toneRecipe(data)));
  const { code, stdout, stderr } = await earshot([...fixed, "--workers", "0", "--out", join(base, "whole"), "--json"]);
  expect([code, stderr.includes("step 40")]).toEqual([0, true]);
  expect(JSON.parse(stdout)).toMatchObject({
    steps: 40,
    end: "steps",
    split: "testing",
    model,
    clips: { training: 27, testing: 27 },
  });
});

describe("earshot train", () => {
  it("writes the same bytes with loader workers as without", async () => {
    const { code } = await earshot([...fixed, "--workers", "2", "--out", join(base, "workers"), "--no-evaluate"]);
    expect(code).toBe(0);
    for (const file of ["last.safetensors", "metrics.jsonl"])
      expect(readFileSync(join(base, "workers", file)).equals(readFileSync(join(base, "whole", file))), file).toBe(true);
  });

  it("writes the same bytes on two threads as on one, and ends", async () => {
    const { code } = await earshot([
      ...fixed,
      "--workers",
      "0",
      "--threads",
      "2",
      "--out",
      join(base, "threads"),
      "--no-evaluate",
    ]);
    expect(code).toBe(0);
    for (const file of ["last.safetensors", "best.safetensors", "metrics.jsonl"])
      expect(readFileSync(join(base, "threads", file)).equals(readFileSync(join(base, "whole", file))), file).toBe(true);
  });

  it("leaves checkpoints that are told from models, and a run whose folder is one", async () => {
    const [checkpoint] = readdirSync(join(base, "whole", "checkpoints"));
    const path = join(base, "whole", "checkpoints", checkpoint);
    const { code, stderr } = await earshot(["profile", path]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("this is a checkpoint, from which 'earshot train --resume RUN'")]);
    const [folder, file] = await Promise.all([earshot(["profile", join(base, "whole")]), earshot(["profile", model])]);
    expect([folder.code, folder.stdout.split("\n").slice(1)]).toEqual([0, file.stdout.split("\n").slice(1)]);
  });

  it("goes on where nobody reads its progress or its summary any longer", async () => {
    const run = join(base, "unread");
    const line = [process.execPath, join(root, "dist/cli/main.js"), ...fixed, "--workers", "0", "--out", run]
      .map((word) => `'${word}'`)
      .join(" ");
    // The reader leaves before the first line.
    const shell = spawnSync("bash", ["-c", `set -o pipefail; ${line} 2>&1 | sleep 0`], { encoding: "utf8" });
    expect([shell.status, shell.stderr]).toEqual([0, ""]);
    for (const file of ["last.safetensors", "metrics.jsonl"])
      expect(readFileSync(join(run, file)).equals(readFileSync(join(base, "whole", file))), file).toBe(true);
    expect([existsSync(join(run, "report.html")), existsSync(join(run, "run.lock"))]).toEqual([true, false]);
  });

  it("saves on SIGTERM and Ctrl-C, says how to go on, and goes on", async () => {
    const run = join(base, "stopped");
    const args = [...fixed, "--workers", "1", "--out", run, "--no-evaluate", "--steps", "3000", "--validate-every", "100"];
    // A second signal would end the program at once.
    let sent = false;
    const interrupt = (kill: (signal: NodeJS.Signals) => void) =>
      setInterval(() => {
        if (!sent && existsSync(join(run, "checkpoints"))) kill("SIGTERM");
        sent ||= existsSync(join(run, "checkpoints"));
      }, 20);
    const stopped = await earshot(args, { whileRunning: interrupt });
    expect(stopped.code).toBe(1);
    expect(stopped.stderr).toContain(`go on with: earshot train --resume ${run}`);
    expect(JSON.parse(readFileSync(join(run, "metrics.jsonl"), "utf8").split("\n")[0])).toMatchObject({ step: 50 });
    const mixed = await earshot(["train", "--resume", run, "--data", data]);
    expect([mixed.code, mixed.stderr]).toEqual([2, expect.stringContaining("--resume takes everything")]);
    const changed = await earshot(["train", "--resume", run, "--batch", "32", "--seed", "3", "--label-smoothing", "0.2"]);
    const differences = "batch (16, now 32), labelSmoothing (0.05, now 0.2); leave these options out";
    expect([changed.code, changed.stderr]).toEqual([2, expect.stringContaining(`with other options: ${differences}`)]);
    const again = await earshot(["train", "--resume", run, "--target", "wasm", "--no-evaluate", "--threads", "1"], {
      whileRunning: (kill) => setTimeout(() => kill("SIGINT"), 2500),
    });
    expect(again.stderr).toMatch(/going on from step [1-9]/);
  });

  it("its folder is evaluated as its best model is", async () => {
    const evaluate = (name: string) => earshot(["evaluate", name, "--data", data, "--target", "wasm", "--json"]);
    const [folder, best] = await Promise.all([evaluate(join(base, "whole")), evaluate(model)]);
    expect([folder.code, JSON.parse(folder.stdout)]).toEqual([0, { ...JSON.parse(best.stdout), name: join(base, "whole") }]);
  });

  it("takes every option of the recipe as a flag", async () => {
    const run = join(base, "flags");
    const schedule = ["--learning-rate", "0.001,0.0001", "--schedule-steps", "2,1"];
    const augmentation = ["--spec-augment", "1,8,1,3", "--spec-augment-share", "0.5", "--volume", "0.2", "--noise-volume", "0.3"];
    const other = [
      "--optimizer",
      "adamw",
      "--weight-decay",
      "0.1",
      "--label-smoothing",
      "0.1",
      "--clip-norm",
      "2",
      "--seed",
      "9",
    ];
    const names = ["--words", "low,high", "--no-unknown", "--shares", "_silence_=0.2", "--class-weights", "low=2"];
    const front = ["--frontend", "arm", "--option", "dropout=0.1"];
    const given = ["train", "dnn_s", "--data", data, "--out", run, "--target", "wasm", "--no-evaluate"];
    const { code, stderr } = await earshot([...given, ...schedule, ...augmentation, ...other, ...names, ...front]);
    expect([code, stderr]).toEqual([0, expect.stringContaining("step 3")]);
    expect(JSON.parse(readFileSync(join(run, "recipe.json"), "utf8"))).toMatchObject({
      model: { name: "dnn_s", options: { dropout: "0.1" } },
      steps: 3,
      schedule: { kind: "piecewise", rates: [0.001, 0.0001], steps: [2, 1] },
      optimizer: { kind: "adamw", weightDecay: 0.1, beta2: 0.999 },
      augmentation: { specAugment: { probability: 0.5, timeMaskSize: 8 }, waveform: { volume: 0.2, noiseVolume: 0.3 } },
      task: { words: ["low", "high"], unknown: false },
      sampling: { shares: { _silence_: 0.2 } },
      classWeights: { low: 2 },
      labelSmoothing: 0.1,
      clipNorm: 2,
      seed: 9,
    });
  });

  it("starts from the training of a network's publication", async () => {
    const run = join(base, "published");
    const given = ["train", "crnn", "--recipe", "published", "--data", data, "--words", "low,high", "--no-unknown", "--out", run];
    const { code } = await earshot([...given, "--steps", "1", "--batch", "2", "--no-evaluate", "--target", "wasm"]);
    expect(code).toBe(0);
    expect(JSON.parse(readFileSync(join(run, "recipe.json"), "utf8"))).toMatchObject({
      model: { name: "crnn" },
      frontend: { dctCoefficients: 20 },
      schedule: { kind: "exponential" },
      augmentation: { waveform: { resample: 0.15 }, specAugment: { timeMasks: 2 } },
      steps: 1,
      batch: 2,
    });
  });

  it("explains wrong use with exit code 2", async () => {
    const out = join(base, "never");
    const cases: [string[], RegExp][] = [
      [["train", "--data", data], /--out/],
      [["train", "--out", out], /--data FOLDER, --features ARCHIVE/],
      [["train", "ds_cnn_x", "--data", data, "--out", out], /no model 'ds_cnn_x'/],
      [["train", model, "--data", data, "--out", out], /best.safetensors is a model, no name of a network; .* give --from /],
      [["train", join(base, "whole"), "--data", data, "--out", out], /whole is a model, .* give --from .*whole/],
      [["train", recipeFile, "--data", data, "--out", out], /a recipe is given as --recipe .*tones\.json/],
      [["train", "--data", data, data, "--out", out], /is a path, no name of a network; every folder of sounds has a --data/],
      [["train", data, "--out", out], /is a path, no name of a network; sounds are given with --data/],
      [["train", "--recipe", "hello_edge_dnn_s", "--data", data, "--out", out], /write: earshot train hello_edge_dnn_s/],
      [["train", "--recipe", join(base, "whole"), "--out", out], /the folder of a run; its recipe is .*whole.recipe\.json/],
      [["train", "--resume", join(base, "whole"), "--schedule-steps", "2,3"], /--resume goes on with the run's recipe/],
      [["train", "--data", data, "--out", out, "--batch", "none"], /--batch/],
      [["train", "--data", data, "--out", out, "--label-smothing", "0.1"], /--label-smoothing/],
      [["train", "--data", data, "--out", out, "--words", "low,high", "--class-weights", "hihg=2"], /did you mean 'high'/],
    ];
    for (const [args, message] of cases) {
      const { code, stderr } = await earshot(args);
      expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
    }
    expect(existsSync(out)).toBe(false);
  });

  it("takes clips of the length that the network is published with", async () => {
    const run = join(base, "long_clips");
    const given = ["train", "mixednet", "--data", data, "--words", "low", "--unknown", "--no-silence", "--out", run];
    const { code, stderr } = await earshot([...given, "--steps", "1", "--batch", "2", "--no-evaluate", "--target", "wasm"]);
    expect([code, stderr]).toEqual([0, expect.stringContaining("step 1")]);
    expect(JSON.parse(readFileSync(join(run, "recipe.json"), "utf8"))).toMatchObject({ samples: 32_960 });
  });

  it("writes the network's name as the zoo has it, however it was spelt", async () => {
    const run = join(base, "spelt");
    const given = ["train", "DNN-S", "--data", data, "--words", "low,high", "--no-unknown", "--out", run];
    const { code } = await earshot([...given, "--steps", "1", "--batch", "2", "--no-evaluate", "--target", "wasm"]);
    expect([code, JSON.parse(readFileSync(join(run, "recipe.json"), "utf8"))]).toMatchObject([0, { model: { name: "dnn_s" } }]);
  });
});

describe("earshot evaluate", () => {
  it("prints one object for every clip of the split", async () => {
    const { code, stdout } = await earshot(["evaluate", model, "--data", data, "--json", "--target", "wasm"]);
    expect(code).toBe(0);
    const evaluation = JSON.parse(stdout);
    expect(evaluation).toMatchObject({ name: model, clips: 27, labels: ["_silence_", "low", "high"] });
    expect(evaluation.accuracy).toBeGreaterThanOrEqual(0.85);
    expect(evaluation.confusion.flat().reduce((a: number, b: number) => a + b, 0)).toBe(27);
    expect(evaluation.perClass).toHaveLength(3);
  });

  it("writes the evaluation of a run anew with --out, so that two runs can be tested clip by clip", async () => {
    const again = join(base, "again");
    mkdirSync(again);
    const where = ["--data", data, "--target", "wasm", "--out", again];
    expect((await earshot(["evaluate", model, ...where])).code).toBe(0);
    const { stdout } = await earshot(["report", again, dirname(model), "--json", "-o", join(base, "both.html")]);
    const [first, second] = JSON.parse(stdout).runs;
    expect(first.clips).toBe(27);
    expect(second.time.from).toBe(0);
    expect(second).toMatchObject({ accuracy: first.accuracy, againstFirst: { onlyFirst: 0, onlySecond: 0, probability: 1 } });
    const two = await earshot(["evaluate", model, model, ...where]);
    expect([two.code, two.stderr]).toEqual([2, expect.stringMatching(/--out takes the evaluation of one model/)]);
    const confused = await earshot(["evaluate", model, model, "--data", data, "--confusion"]);
    expect([confused.code, confused.stderr]).toEqual([2, expect.stringContaining("--confusion shows the matrix of one model")]);
  });

  it("says of several models with other labels that their mean says nothing", async () => {
    const same = await earshot(["evaluate", model, model, "--data", data, "--target", "wasm"]);
    expect([same.code, same.stderr]).toEqual([0, expect.not.stringContaining("note:")]);
    const trained = await loadModel(model);
    const renamed = join(base, "renamed.safetensors");
    await saveModel(renamed, { ...trained, labels: [...trained.labels.slice(0, -1), "_unknown_"] });
    const { code, stderr } = await earshot(["evaluate", model, renamed, "--data", data, "--target", "wasm"]);
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/note: .*renamed\.safetensors has other labels than .*best\.safetensors/),
    ]);
  });

  it("measures on somebody's own recordings of some of the words, and says which are not there", async () => {
    const own = join(base, "own");
    mkdirSync(join(own, "low"), { recursive: true });
    for (const i of [0, 1]) {
      const clip = readFileSync(join(data, `low/te00000${i}_nohash_0.wav`));
      writeFileSync(join(own, "low", `${i}.wav`), clip);
    }
    const args = ["evaluate", model, "--data", own, "--all", "--target", "wasm"];
    const { code, stdout, stderr } = await earshot([...args, "--json"]);
    expect([code, stderr]).toEqual([0, expect.stringContaining(`note: ${own} has no clips of high\n`)]);
    // And one of silence.
    expect(JSON.parse(stdout).clips).toBe(3);
    expect((await earshot(args)).stdout).toMatch(/^high +0 +– /m);
    mkdirSync(join(base, "others", "word"), { recursive: true });
    writeFileSync(join(base, "others", "word", "a.wav"), readFileSync(join(own, "low", "0.wav")));
    const other = await earshot(["evaluate", model, "--data", join(base, "others"), "--all"]);
    expect([other.code, other.stderr]).toEqual([1, expect.stringContaining("there are no clips of 'low', 'high'")]);
  });

  it("shows text, and says what is missing", async () => {
    const shown = await earshot(["evaluate", model, "--data", data, "--split", "validation", "--confusion"]);
    expect([shown.code, shown.stdout]).toEqual([0, expect.stringMatching(/accuracy .* of 27 clips[^]*_silence_/)]);
    const [nothing, unknown] = await Promise.all([earshot(["evaluate", model]), earshot(["evaluate", "nobody", "--data", data])]);
    expect([nothing.code, nothing.stderr]).toEqual([2, expect.stringContaining("--data")]);
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining("nobody: there is no such file")]);
    const litert = await earshot(["evaluate", model, "--data", data, "--runtime", "litert"]);
    expect([litert.code, litert.stderr]).toEqual([1, expect.stringContaining(".tflite")]);
  });
});

describe("earshot predict", () => {
  it("labels files, folders and standard input", async () => {
    const file = join(data, "high/te000000_nohash_0.wav");
    const { code, stdout } = await earshot(["predict", model, file, join(data, "low"), "--json", "--target", "wasm"]);
    expect(code).toBe(0);
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(1 + 36);
    expect(lines[0].file).toBe(file);
    expect(Object.values(lines[0].scores as Record<string, number>).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
    expect(lines.filter((line) => line.label === "low").length).toBeGreaterThan(28);
    const piped = spawnSync(
      process.execPath,
      [join(root, "dist/cli/main.js"), "predict", model, "-", "--json", "--target", "wasm"],
      {
        input: readFileSync(file),
        encoding: "utf8",
      },
    );
    expect(JSON.parse(piped.stdout)).toEqual({ ...lines[0], file: "-" });
  });

  it("hears standard input once", async () => {
    const input = readFileSync(join(data, "high/te000000_nohash_0.wav"));
    const { code, stderr } = await earshot(["predict", model, "-", "-"], { input });
    expect([code, stderr]).toEqual([
      2,
      "earshot: - is named more than once, and standard input can be read once; leave the others out\n",
    ]);
  });

  it("prints a table, and names what it cannot read", async () => {
    const shown = await earshot(["predict", model, join(data, "high/te000001_nohash_0.wav"), "--top", "2"]);
    expect([shown.code, shown.stdout]).toEqual([
      0,
      expect.stringMatching(/file +label +score[^]*te000001_nohash_0\.wav +\w+ +[\d.]+ %/),
    ]);
    const empty = join(base, "empty");
    mkdirSync(empty);
    writeFileSync(join(base, "text.wav"), "no sound");
    const failures = await Promise.all(
      [empty, join(base, "text.wav"), join(base, "gone.wav")].map((path) => earshot(["predict", model, path])),
    );
    expect(failures.map(({ code }) => code)).toEqual([1, 1, 1]);
    expect(failures[0].stderr).toContain("there are no .wav");
    expect(failures[1].stderr).toContain("text.wav");
    expect(failures[2].stderr).toContain("gone.wav: there is no such file");
  });

  it("hears all others where one cannot be read", async () => {
    const folder = join(base, "one-bad");
    mkdirSync(folder);
    for (const name of ["a.wav", "c.wav"])
      writeFileSync(join(folder, name), readFileSync(join(data, "high/te000000_nohash_0.wav")));
    writeFileSync(join(folder, "b.wav"), "no sound");
    const [lines, table] = await Promise.all([["--json"], []].map((json) => earshot(["predict", model, folder, ...json])));
    expect([lines.code, table.code]).toEqual([1, 1]);
    expect(
      lines.stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line).file),
    ).toEqual([join(folder, "a.wav"), join(folder, "c.wav")]);
    expect(table.stdout).toMatch(/a\.wav[^]*c\.wav/);
    for (const { stderr } of [lines, table]) expect(stderr).toMatch(/^earshot: .*b\.wav: byte 0: .*\n$/);
  });
});
