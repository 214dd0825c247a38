import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { loadModel } from "../../src/formats/model_file.js";
import { decodeWav } from "../../src/signal/wav-reader.js";
import { encodeWav } from "../../src/signal/wav.js";
import { earshot } from "./command_line.js";

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
  let stopped = false;
  const { code, stderr } = await earshot(["quickstart", "--out", folder, "--target", "wasm"], {
    whileRunning: (kill) =>
      setInterval(() => {
        // Once: a second one ends the program at once.
        if (stopped || !existsSync(join(folder, "data", "_background_noise_"))) return;
        stopped = true;
        kill("SIGINT");
      }, 100),
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
