import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { FormatError } from "../../src/base/errors.js";
import { writeVoiceFolds } from "../../src/corpus/voice_folds.js";

let data = "";

beforeEach(() => {
  data = join(mkdtempSync(join(tmpdir(), "earshot-folds-")), "data");
  mkdirSync(data);
});

afterEach(() => rmSync(join(data, ".."), { recursive: true }));

/** Speakers as id, voice and whether they are warped; the lists as names of clips. */
function write(
  speakers: readonly [id: string, voice: string, warped: boolean][],
  training: string[],
  validation: string[],
): void {
  const lines = speakers.map(([id, voice, warped]) => JSON.stringify({ id, source: { voice }, warp: warped ? [1.1] : [] }));
  writeFileSync(join(data, "speakers.jsonl"), `${lines.join("\n")}\n`);
  writeFileSync(join(data, "training_list.txt"), `${training.join("\n")}\n`);
  writeFileSync(join(data, "validation_list.txt"), `${validation.join("\n")}\n`);
}

function read(manifest: string): { path: string; label: string; split: string }[] {
  return readFileSync(manifest, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

it("leaves out each person in turn and is tested with that person as spoken", async () => {
  write(
    [
      ["aa", "rms", false],
      ["bb", "kal", false],
      ["cc", "kal16", false],
      ["dd", "kal", true],
      ["ee", "rms", true],
    ],
    ["lamp/aa_nohash_0.wav", "lamb/aa_nohash_0.wav", "lamp/bb_nohash_0.wav", "lamb/cc_nohash_0.wav", "lamp/dd_nohash_0.wav"],
    ["lamp/ee_nohash_0.wav", "lamb/cc_nohash_1.wav"],
  );
  const folds = await writeVoiceFolds(data, join(data, "..", "folds"), ["lamp"]);
  expect(folds.map(({ person }) => person)).toEqual(["kal", "rms"]);
  expect(folds[0].noise).toBe(join(data, "_background_noise_"));
  const [kal, rms] = folds.map(({ manifest }) => read(manifest));
  const names = (lines: typeof kal, split: string): string[] =>
    lines.filter((line) => line.split === split).map(({ path }) => path.replace("../data/", ""));
  // kal16 is the same person as kal; the warped clip of kal is neither trained on nor listened to.
  expect(names(kal, "training")).toEqual(["lamp/aa_nohash_0.wav", "lamb/aa_nohash_0.wav"]);
  expect(names(kal, "testing")).toEqual(["lamp/bb_nohash_0.wav", "lamb/cc_nohash_0.wav", "lamb/cc_nohash_1.wav"]);
  expect(names(rms, "training")).toEqual(["lamp/bb_nohash_0.wav", "lamb/cc_nohash_0.wav", "lamp/dd_nohash_0.wav"]);
  expect(names(rms, "testing")).toEqual(["lamp/aa_nohash_0.wav", "lamb/aa_nohash_0.wav"]);
  expect(kal.map(({ label }) => label)).toEqual(["lamp", "lamb", "lamp", "lamb", "lamb"]);
});

it("takes warped clips of a person who has no word as spoken, and needs two persons", async () => {
  const speakers: [string, string, boolean][] = [
    ["aa", "rms", true],
    ["bb", "slt", false],
  ];
  const clips = ["lamp/aa_nohash_0.wav", "lamb/aa_nohash_0.wav"];
  write(speakers, [...clips, "lamp/bb_nohash_0.wav"], []);
  // slt has no other word at all: nothing can be chosen by it.
  const folds = await writeVoiceFolds(data, join(data, "..", "folds"), ["lamp"]);
  expect(folds.map(({ person }) => person)).toEqual(["rms"]);
  expect(read(folds[0].manifest).filter(({ split }) => split === "testing")).toHaveLength(2);
  write(speakers, clips, []);
  expect(await writeVoiceFolds(data, join(data, "..", "folds"), ["lamp"])).toEqual([]);
});

it("says which speaker is unknown", async () => {
  write([["aa", "rms", false]], ["lamp/zz_nohash_0.wav"], []);
  await expect(writeVoiceFolds(data, join(data, "..", "folds"), ["lamp"])).rejects.toThrow(FormatError);
});
