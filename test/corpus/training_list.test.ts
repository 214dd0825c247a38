import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { makeTrainingLists, trainingListFiles } from "../../src/corpus/training_list.js";
import { hashSplit } from "../../src/corpus/split.js";
import { temporaryFolder, writeNames } from "./folders.js";

function words(): string {
  const root = temporaryFolder();
  const names = ["backward", "background", "yes"].flatMap((word) =>
    Array.from({ length: 10 }, (_, i) => `${word}/${i}_nohash_0.wav`),
  );
  writeNames(root, [...names, "_background_noise_/hiss.wav", "yes/notes.txt"]);
  writeFileSync(join(root, "testing_list.txt"), "yes/0_nohash_0.wav\nyes/1_nohash_0.wav\nbackground/0_nohash_0.wav\n");
  writeFileSync(join(root, "validation_list.txt"), "yes/2_nohash_0.wav\r\nbackward/0_nohash_0.wav\n");
  return root;
}

describe("training lists", () => {
  test("every folder but noise is a category; what no other list has is for training", async () => {
    const root = words();
    const { categories, folders, training, testing, validation } = await makeTrainingLists(root);
    expect(categories).toEqual(["background", "backward", "yes"]);
    expect(folders).toEqual([
      { name: "background", found: 9, chosen: 9 },
      { name: "backward", found: 9, chosen: 9 },
      { name: "yes", found: 7, chosen: 7 },
    ]);
    expect(new Set([...training, ...testing, ...validation]).size).toBe(30);
    const order = training.map((name) => categories.indexOf(name.split("/")[0] as string));
    expect(order).toEqual(order.toSorted());
    expect(training.slice(0, 9)).not.toEqual(training.slice(0, 9).toSorted());
    expect(testing.toSorted()).toEqual(["background/0_nohash_0.wav", "yes/0_nohash_0.wav", "yes/1_nohash_0.wav"]);
  });

  test("at most so many of a folder, without bad ones, by the seed", async () => {
    const root = words();
    const bad = new Set(["yes/0_nohash_0.wav", "yes/5_nohash_0.wav"]);
    const one = await makeTrainingLists(root, { most: 4, bad, seed: 1 });
    const two = await makeTrainingLists(root, { most: 4, bad, seed: 2 });
    expect(one.folders.map(({ found, chosen }) => [found, chosen])).toEqual([
      [9, 4],
      [9, 4],
      [6, 4],
    ]);
    expect(one.training).toEqual((await makeTrainingLists(root, { most: 4, bad, seed: 1 })).training);
    expect(one.training).not.toEqual(two.training);
    expect(one.removed).toEqual({ testing: 1, validation: 0 });
    for (const name of [...one.training, ...one.testing]) expect(bad.has(name)).toBe(false);
    const files = trainingListFiles(one);
    expect(files.get("categories.txt")).toBe("background\nbackward\nyes\n");
    expect(files.get("training_list.txt")?.split("\n")).toHaveLength(13);
  });

  test("missing lists are refused, or made by the hash of the names", async () => {
    const root = temporaryFolder();
    const names = Array.from({ length: 60 }, (_, i) => `go/${i}_nohash_1.wav`);
    writeNames(root, names);
    await expect(makeTrainingLists(root)).rejects.toThrow(`${join(root, "testing_list.txt")}: there is no such list`);
    const made = await makeTrainingLists(root, { makeMissing: true });
    expect(made.testing.toSorted()).toEqual(names.filter((n) => hashSplit(n.slice(3)) === "testing").toSorted());
    expect(made.training).toHaveLength(60 - made.testing.length - made.validation.length);
    writeFileSync(join(root, "testing_list.txt"), "go/1_nohash_1.wav\n");
    await expect(makeTrainingLists(root, { makeMissing: true })).rejects.toThrow("validation_list.txt");
    mkdirSync(join(root, "empty"));
    await expect(makeTrainingLists(join(root, "empty"))).rejects.toThrow("there is no folder of a word in it");
  });
});
