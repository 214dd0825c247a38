import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openArchive } from "../../src/corpus/archive.js";
import { archivedDescription, buildFrontend, describeFrontend, oneSecond } from "../../src/frontend/frontend.js";
import { frontendPreset } from "../../src/frontend/presets.js";
import { readSound } from "../../src/signal/decode.js";
import { relativeDifference, runGraph } from "../passes/run_graph.js";
import { toneDataset, toneRecipe } from "../train/tones.js";
import { earshot } from "./command_line.js";

const base = mkdtempSync(join(tmpdir(), "earshot-featurize-"));
afterAll(() => rmSync(base, { recursive: true }));
const data = toneDataset();
const archive = join(base, "archive");
const frontendFile = join(base, "frontend.json");
const { frontend } = toneRecipe(data);
const target = ["--target", "wasm"];
const task = ["--words", "low,high", "--no-unknown", ...target];

beforeAll(async () => {
  writeFileSync(frontendFile, JSON.stringify(frontend));
  const args = ["data", "featurize", data, "--out", archive, "--frontend", frontendFile, ...task];
  const { code, stdout, stderr } = await earshot([...args, "--json"]);
  expect([code, stderr]).toEqual([0, ""]);
  // Three silences in each split: ten per cent of 24.
  expect(JSON.parse(stdout)).toMatchObject({
    count: 81,
    shape: [49, 10],
    type: "f32",
    clips: { training: 27, validation: 27, testing: 27 },
    labels: ["_silence_", "low", "high"],
  });
});

/** Number of rows of each word in a split. */
function countWords(split: string): Record<string, number> {
  const { rows } = openArchive(archive);
  const words = rows.filter((row) => row.split === split).map((row) => row.word);
  return Object.fromEntries([...new Set(words)].toSorted().map((word) => [word, words.filter((w) => w === word).length]));
}

describe("earshot data featurize", () => {
  it("writes what the front end gives for each clip", async () => {
    const opened = openArchive(archive);
    expect(countWords("training")).toEqual({ _background_noise_: 3, high: 12, low: 12 });
    expect(countWords("testing")).toEqual({ _silence_: 3, high: 12, low: 12 });
    const description = describeFrontend(frontend as Parameters<typeof describeFrontend>[0]);
    expect(opened.description).toMatchObject({ frontend: description, labels: ["_silence_", "low", "high"] });
    const graph = buildFrontend(description, oneSecond);
    for (const row of opened.rows.filter((r) => r.name !== "").slice(5, 8)) {
      const { samples } = await readSound(join(data, row.word, `${row.name}.wav`), { rate: 16_000 });
      const wanted = (await runGraph(graph, { audio: samples })).get("features") as Float32Array;
      const found = new Float32Array(opened.itemLength);
      opened.read(row.index, found);
      expect(relativeDifference(found, wanted)).toBeLessThan(1e-5);
    }
    opened.close();
  });

  it("the archive trains a network that is measured on sounds and on the archive alike", async () => {
    const recipe = join(base, "recipe.json");
    const { frontend: _, data: __, ...rest } = toneRecipe(data);
    writeFileSync(recipe, JSON.stringify(rest));
    const run = join(base, "run");
    const options = [...target, "--threads", "1", "--workers", "0", "--no-evaluate"];
    const trained = await earshot(["train", "--recipe", recipe, "--features", archive, "--out", run, ...options]);
    expect([trained.code, trained.stderr]).toEqual([0, expect.stringContaining("step 40")]);
    const evaluate = async (where: string[]) =>
      JSON.parse((await earshot(["evaluate", join(run, "best.safetensors"), ...where, ...target, "--json"])).stdout);
    const [sounds, arrays] = await Promise.all([evaluate(["--data", data]), evaluate(["--features", archive])]);
    expect(sounds.clips).toBe(27);
    expect(sounds.accuracy).toBeGreaterThan(0.8);
    expect(arrays.confusion).toEqual(sounds.confusion);
  });

  it("stores the grey values of log_mel as bytes, before the stack on top of them", async () => {
    const out = join(base, "grey");
    const stacked = { ...frontendPreset("log_mel_4k"), dctCoefficients: 10, frameStep: 2 };
    writeFileSync(join(base, "stacked.json"), JSON.stringify(stacked));
    const args = ["data", "featurize", data, "-o", out, "--words", "all", ...target];
    const { code, stdout } = await earshot([...args, "--frontend", join(base, "stacked.json")]);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/72 arrays of 98 x 40 \(u8, 0\.3 MB\)/)]);
    const opened = openArchive(out);
    expect(opened.description.frontend).toEqual(describeFrontend(stacked as Parameters<typeof describeFrontend>[0]));
    const row = opened.rows[0];
    const { samples } = await readSound(join(data, row.word, `${row.name}.wav`), { rate: 16_000 });
    const graph = buildFrontend(archivedDescription(describeFrontend(stacked)), oneSecond);
    const wanted = (await runGraph(graph, { audio: samples })).get("features") as Float32Array;
    const found = new Float32Array(opened.itemLength);
    opened.read(0, found);
    opened.close();
    // A value in the middle between two whole numbers may be rounded to either.
    expect(found.every((value, i) => Math.abs(value - wanted[i]) <= 1)).toBe(true);
    expect(found.filter((value, i) => value !== wanted[i]).length).toBeLessThan(5);
  });

  it("cuts recordings into rows, with noise, and gives the same bytes on any number of threads", async () => {
    const rows = ["--words", "low,high", "--no-silence", "--no-unknown", "--frontend", "ell", "--window", "40", "--shift", "29"];
    const noise = ["--noise", join(data, "_background_noise_"), "--noise-ratio", "0.2", "--noise-selection", "0.5"];
    const made = async (workers: string) => {
      const out = join(base, `rows${workers}`);
      const args = ["data", "featurize", data, "-o", out, ...rows, ...noise, "--workers", workers, ...target, "--json"];
      const { code, stdout, stderr } = await earshot(args);
      expect([code, stderr]).toEqual([0, ""]);
      // 98 frames: rows at 0, 29, 58, and the rest of 11 filled up.
      expect(JSON.parse(stdout)).toMatchObject({ shape: [40, 32], clips: { training: 96, validation: 96, testing: 96 } });
      return readFileSync(join(out, "features.npy"));
    };
    expect((await made("2")).equals(await made("0"))).toBe(true);
  });

  it("writes the same bytes again, and replaces an archive only where that is wanted", async () => {
    const args = ["data", "featurize", data, "--out", archive, "--frontend", frontendFile, ...task];
    const before = ["features.npy", "index.csv", "features.json"].map((name) => readFileSync(join(archive, name)));
    const refused = await earshot(args);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("there is a feature archive already")]);
    expect((await earshot([...args, "--replace"])).code).toBe(0);
    const after = ["features.npy", "index.csv", "features.json"].map((name) => readFileSync(join(archive, name)));
    expect(after.every((bytes, i) => bytes.equals(before[i]))).toBe(true);
  });

  it("leaves nothing where a clip cannot be read, and explains wrong use", async () => {
    const bad = join(base, "bad");
    for (const word of ["low", "high"]) mkdirSync(join(bad, word), { recursive: true });
    writeFileSync(join(bad, "low/a_nohash_0.wav"), "RIFF, but no more");
    writeFileSync(join(bad, "high/a_nohash_0.wav"), readFileSync(join(data, "high/te000000_nohash_0.wav")));
    const out = join(base, "none");
    const failed = await earshot(["data", "featurize", bad, "--out", out, ...task]);
    expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining("a_nohash_0.wav")]);
    expect(existsSync(out) ? readdirSync(out) : []).toEqual([]);
    const cases: [string[], RegExp][] = [
      [["--frontend", "arn"], /did you mean arm/],
      [["--frontend", "gone.json"], /gone\.json: there is no such file/],
      [["--words", "lwo"], /lwo/],
      [["--samples", "100"], /window/],
      [["--shift", "10"], /--shift goes with --window/],
      [["--window", "98", "--samples", "100"], /exclude each other/],
    ];
    for (const [args, message] of cases) {
      const { code, stderr } = await earshot(["data", "featurize", data, "--out", out, ...task, ...args]);
      expect([code === 0, stderr]).toEqual([false, expect.stringMatching(message)]);
    }
    const nowhere = await earshot(["data", "featurize", data]);
    expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining("--out")]);
  });
});
