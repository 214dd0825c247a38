import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { loadModel } from "../../src/formats/model_file.js";
import { decodeWav } from "../../src/signal/wav-reader.js";
import { encodeWav } from "../../src/signal/wav.js";
import { earshot } from "./command_line.js";

/** Does something as soon as a condition holds. */
function once(condition: () => boolean, act: () => void): NodeJS.Timeout {
  const timer = setInterval(() => {
    if (!condition()) return;
    clearInterval(timer);
    act();
  }, 20);
  return timer;
}

it("quickstart goes the whole way on a small scale", async () => {
  const folder = mkdtempSync(join(tmpdir(), "earshot-quickstart-"));
  try {
    const { code, stdout, stderr } = await earshot([
      "quickstart",
      "--out",
      folder,
      "--per-word",
      "12",
      "--steps",
      "4",
      "--target",
      "wasm",
      "--json",
    ]);
    expect(stderr).not.toContain("fault of earshot");
    expect(code).toBe(0);
    const result = JSON.parse(stdout);
    expect(result.heldOutVoice).toBe("rms");
    expect(result.evaluation.clips).toBeGreaterThan(30);
    expect(result.tflite.clips).toBeGreaterThan(10);
    expect(existsSync(result.report)).toBe(true);
    expect(existsSync(join(folder, "ds_cnn_s.tflite"))).toBe(true);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 300_000);

it("quickstart ends at Ctrl-C while it speaks, and can be started again in the same folder", async () => {
  const folder = mkdtempSync(join(tmpdir(), "earshot-stopped-"));
  const { code, stderr } = await earshot(["quickstart", "--out", folder, "--target", "wasm"], {
    whileRunning: (kill) =>
      once(
        () => existsSync(join(folder, "data", "_background_noise_")),
        () => kill("SIGINT"),
      ),
  });
  expect(code).toBe(1);
  expect(stderr).toContain("earshot: interrupted; nothing is left of the clips");
  expect(existsSync(join(folder, "data"))).toBe(false);
}, 60_000);

it("quickstart makes a spotter of own words, whose threshold predict heeds", async () => {
  const folder = mkdtempSync(join(tmpdir(), "earshot-own-words-"));
  const small = ["--hold-out", "rms", "--per-word", "20", "--steps", "4", "--target", "wasm", "--json"];
  try {
    const { code, stdout, stderr } = await earshot(["quickstart", "--words", "Hey Robin", "--out", folder, ...small]);
    expect(stderr).not.toContain("fault of earshot");
    expect(code).toBe(0);
    const result = JSON.parse(stdout);
    expect(result.labels).toEqual(["hey_robin"]);
    expect(result.heldOutVoice).toBe("rms");
    // A clip or more of awb, which neither this model without it nor the body that it starts from has heard.
    expect(result.leftOut.missed.clips).toBeGreaterThanOrEqual(1);
    expect((await loadModel(result.model)).parameters.has("phrase.path.kernel")).toBe(true);
    expect(result.leftOut.threshold).toBe(result.threshold);
    expect(existsSync(join(folder, "folds"))).toBe(false);
    expect(result.testing.missed.clips).toBe(4);
    expect(result.testing.nearTrained.clips).toBeGreaterThan(2);
    expect(result.testing.nearNew.clips).toBeGreaterThan(0);
    expect(result.testing.nearWords.clips + result.testing.nearSounds.clips).toBe(result.testing.near.clips);
    expect(result.noise.hours).toBeCloseTo(40 / 3600, 3);
    expect(readFileSync(result.report, "utf8")).toContain("near-sounding");
    const predicted = await earshot(["predict", result.model, join(folder, "data", "hey_robin"), "--json"]);
    const lines = predicted.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(20);
    for (const { label, scores } of lines) expect(label === "hey_robin").toBe(scores["hey_robin"] >= result.threshold);
    // Such a network cannot stream by its past; the clip model on every last second can.
    const two = lines.slice(0, 2).flatMap(({ file }) => [...decodeWav(readFileSync(file), file).samples]);
    const long = join(folder, "two.wav");
    writeFileSync(long, encodeWav({ samples: Float32Array.from(two), sampleRate: 16_000 }));
    const streamed = await earshot(["stream", result.model, "--form", "window", "--check", long, "--json"]);
    const [check] = JSON.parse(streamed.stdout).checks;
    expect(check.compared).toBeGreaterThan(50);
    expect(check.largest).toBe(0);
    const refused = await earshot(["stream", result.model, "--form", "context"]);
    expect(refused.stderr).toContain("cannot stream");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 300_000);

it("quickstart goes on where it was stopped, with the same model, and again when it is done", async () => {
  const folder = mkdtempSync(join(tmpdir(), "earshot-go-on-"));
  const [stopped, whole] = [join(folder, "stopped"), join(folder, "whole")];
  const small = ["--words", "lamp", "--per-word", "20", "--steps", "12", "--target", "wasm"];
  const modelIn = async (out: string): Promise<unknown[]> => {
    const { parameters, training } = await loadModel(join(out, "run", "best.safetensors"));
    const { threshold, missed, nearAccepted } = training;
    return [parameters, threshold, missed, nearAccepted];
  };
  try {
    const { code, stderr } = await earshot(["quickstart", "--out", stopped, ...small], {
      whileRunning: (kill) =>
        once(
          () => existsSync(join(stopped, "run", "recipe.json")),
          () => kill("SIGINT"),
        ),
    });
    expect([code, stderr]).toEqual([1, expect.stringContaining(`saved; go on with: earshot quickstart --resume ${stopped}`)]);
    const again = await earshot(["quickstart", "--out", stopped, ...small]);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining("there is a quickstart in this folder; go on with")]);
    const resumed = await earshot(["quickstart", "--resume", stopped]);
    expect([resumed.code, resumed.stdout]).toEqual([0, expect.stringContaining("spoken before; voice awb is held out")]);
    expect((await earshot(["quickstart", "--out", whole, ...small, "--json"])).code).toBe(0);
    const model = await modelIn(whole);
    expect(await modelIn(stopped)).toEqual(model);
    // Of what a process that was killed leaves there is nothing that it stumbles over.
    mkdirSync(join(whole, "folds"));
    writeFileSync(join(whole, "folds", "without_kal.jsonl"), "half a li");
    const done = await earshot(["quickstart", "--resume", whole]);
    expect([done.code, done.stdout]).toEqual([0, expect.stringContaining("trained: 12 steps before")]);
    expect(await modelIn(whole)).toEqual(model);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 300_000);

it("quickstart speaks again where speaking was killed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "earshot-killed-"));
  const data = join(folder, "data");
  try {
    const { code } = await earshot(["quickstart", "--out", folder, "--per-word", "12", "--steps", "4", "--target", "wasm"], {
      whileRunning: (kill) =>
        once(
          () => existsSync(join(data, "_background_noise_")),
          () => kill("SIGKILL"),
        ),
    });
    expect([code, existsSync(data), existsSync(join(data, "speakers.jsonl"))]).toEqual([null, true, false]);
    const { stdout, code: end } = await earshot(["quickstart", "--resume", folder, "--json"]);
    expect(end).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ folder, target: "wasm" });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 300_000);

it("quickstart --resume says what it cannot go on with", async () => {
  const folder = mkdtempSync(join(tmpdir(), "earshot-cannot-"));
  const refusal = async (...args: string[]): Promise<[number | null, string]> => {
    const { code, stderr } = await earshot(["quickstart", "--resume", folder, ...args]);
    return [code, stderr];
  };
  try {
    expect(await refusal("--steps", "4")).toEqual([
      2,
      expect.stringContaining("--resume takes everything from the quickstart's folder; leave out --steps"),
    ]);
    expect(await refusal()).toEqual([1, expect.stringContaining("there is no quickstart.json in this folder")]);
    writeFileSync(join(folder, "quickstart.json"), '{"seed": 0, "target": "wasm", "perWord": 2}');
    expect(await refusal()).toEqual([
      2,
      expect.stringMatching(/quickstart\.json: option "perWord": .*>=12.*put back what was there/),
    ]);
    writeFileSync(join(folder, "quickstart.json"), '{"seed": 0,');
    expect(await refusal()).toEqual([1, expect.stringContaining("quickstart.json: line 1, column")]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it("quickstart looks at the model that it starts from before it speaks", async () => {
  const folder = join(tmpdir(), `earshot-nothing-${process.pid}`);
  const { code, stdout, stderr } = await earshot([
    "quickstart",
    "--words",
    "robin",
    "--from",
    "gone.safetensors",
    "--out",
    folder,
  ]);
  expect([code, stdout, stderr]).toEqual([1, "", expect.stringContaining("gone.safetensors: there is no such file")]);
  expect(existsSync(folder)).toBe(false);
});

it("quickstart says what is wrong with the words", async () => {
  expect((await earshot(["quickstart", "--words", "robin,robyn"])).stderr).toContain("sound the same; leave one out");
  const long = await earshot(["quickstart", "--words", `robin ${"long ".repeat(12)}`]);
  expect([long.code, long.stdout, long.stderr]).toEqual([
    2,
    "",
    expect.stringContaining("cannot be a word; use letters, digits"),
  ]);
  expect((await earshot(["quickstart", "--from", "svdf"])).stderr).toContain("--from goes with --words");
  expect((await earshot(["quickstart", "--hold-out", "slt"])).stderr).toContain("--hold-out goes with --words");
  const nobody = await earshot(["quickstart", "--words", "robin", "--hold-out", "nobody"]);
  expect([nobody.code, nobody.stderr]).toEqual([
    2,
    expect.stringContaining("Allowed choices are awb, rms, pico-us, slt, kal16, pico-gb"),
  ]);
});
