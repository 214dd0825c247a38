import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { temporaryFolder, toneDataset } from "../train/tones.js";
import { earshot } from "./command_line.js";

const data = toneDataset(3);
const base = temporaryFolder();
const archive = join(base, "archive");
const words = ["--words", "low,high", "--no-unknown"];
const train = (...args: string[]) =>
  earshot(["train", "dnn_s", ...words, "--out", join(base, "run"), "--steps", "2", "--batch", "4", "--target", "wasm", ...args]);

beforeAll(async () => {
  const { code, stderr } = await earshot(["data", "featurize", data, ...words, "--out", archive, "--target", "wasm"]);
  expect([code, stderr]).toEqual([0, ""]);
});

// All of these were taken, and changed nothing.
it.each([
  [
    "sounds",
    ["--order", "uniform", "--shares", "low=0.5"],
    'sampling.shares goes with the order "balanced", and the order is "uniform"',
  ],
  ["sounds", ["--w-sparsity", "0.5"], "sparsity.w: matrices on inputs of recurrent layers, of which dnn has none"],
  [
    "sounds",
    ["--junctions", "0.5"],
    "augmentation.junctions (--junctions) makes examples of the label _unknown_, which is not among the labels; leave it out",
  ],
  ["sounds", ["--option", "constructor=1"], "dnn has no option 'constructor'"],
  ["sounds", ["--gain-db", "2"], "--gain-db is about arrays, and there are sounds only"],
  ["arrays", ["--resample", "0.1"], "--resample is about sounds, and there are arrays only"],
  ["arrays", ["--split-by", "hash"], "--split-by is about sounds, and arrays bring their split"],
])("an option that can do nothing to %s is refused: %j", async (kind, options, message) => {
  const { code, stderr } = await train(...(kind === "sounds" ? ["--data", data] : ["--features", archive]), ...options);
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
});

it.each([["low=0.9,high=0.5", "the shares of the classes sum to 1.4; they may sum to 1 at most"]])(
  "shares %s that cannot be are wrong usage, wherever they are found out",
  async (shares, message) => {
    for (const workers of ["0", "1"]) {
      const { code, stderr } = await train("--data", data, "--shares", shares, "--workers", workers, "--threads", "1");
      expect([workers, code, stderr]).toEqual([workers, 2, expect.stringContaining(message)]);
    }
  },
);

it("options about sounds and about arrays go together where both are trained on", async () => {
  const both = ["--features", archive, "--data", data, "--resample", "0.1", "--gain-db", "2", "--shares", "low=0.5"];
  expect(await train(...both, "--no-evaluate", "--workers", "0", "--threads", "1")).toMatchObject({ code: 0 });
});
