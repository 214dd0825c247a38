import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { publishedTraining, recipeNames } from "../../src/zoo/recipes/index.js";
import { temporaryFolder, toneDataset } from "../train/tones.js";
import { earshot } from "./command_line.js";

const folder = temporaryFolder();

it("recipes lists every published training with network, data and accuracy", async () => {
  const { code, stdout } = await earshot(["recipes"]);
  const rows = stdout.trim().split("\n").slice(1);
  expect([code, rows.map((row) => row.split(" ")[0])]).toEqual([0, recipeNames()]);
  expect(rows.find((row) => row.startsWith("hello_edge_ds_cnn_s"))).toMatch(
    /hello_edge +ds_cnn_s +Speech Commands v0.01, 12 labels +94.4 %$/,
  );
});

it("recipes NAME writes a recipe that 'train --recipe' takes, with changes", async () => {
  const file = join(folder, "mine.json");
  const { stdout } = await earshot(["recipes", "hello-edge-dnn-s", "--out", file, "--json"]);
  const { recipe } = publishedTraining("hello_edge_dnn_s");
  expect(JSON.parse(stdout)).toMatchObject({ name: "hello_edge_dnn_s", published: { accuracy: "84.6" }, recipe });
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(recipe);
});

it("train NAME runs a published training, flags over it", async () => {
  const run = join(folder, "run");
  const changes = ["--data", toneDataset(), "--words", "low,high", "--steps", "3", "--no-evaluate", "--workers", "0"];
  const { code } = await earshot(["train", "hello_edge_dnn_s", ...changes, "--out", run, "--target", "wasm"]);
  expect(code).toBe(0);
  const { model, frontend, schedule, sampling } = publishedTraining("hello_edge_dnn_s").recipe;
  const trained = JSON.parse(readFileSync(join(run, "recipe.json"), "utf8")) as object;
  expect(trained).toMatchObject({ model, frontend, schedule, sampling, steps: 3, task: { words: ["low", "high"] } });
});

it.each([
  [["hello_edge_dscnn_s"], "there is no network or recipe 'hello_edge_dscnn_s'; did you mean the recipe 'hello_edge_ds_cnn_s'?"],
  [["ds_cn_s"], "there is no model 'ds_cn_s'; the nearest is 'ds_cnn_s'"],
  [
    ["hello_edge_dnn_s", "--recipe", "x.json"],
    "hello_edge_dnn_s is a recipe, and --recipe x.json another; leave one of them out",
  ],
])("train %j is refused", async (args, message) => {
  const run = join(folder, "refused");
  const { code, stderr } = await earshot(["train", ...args, "--data", "missing", "--out", run]);
  expect(stderr).toContain(message);
  expect([code, existsSync(run)]).toEqual([2, false]);
});
