import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError, UsageError, UserError } from "../../src/base/errors.js";
import type { Clip } from "../../src/corpus/clip.js";
import type { Dataset } from "../../src/corpus/dataset.js";
import { clipsOf, openDataset } from "../../src/corpus/dataset.js";
import { hashSplit } from "../../src/corpus/split.js";
import { dataFolder, temporaryFolder, writeNames } from "./folders.js";

const words = ["yes", "no", "cat"];
const speakers = Array.from({ length: 120 }, (_, i) => `speaker${i}`);

function hashFolder(): string {
  const root = temporaryFolder();
  writeNames(
    root,
    speakers.flatMap((speaker) => words.map((word) => `${word}/${speaker}_nohash_0.wav`)),
  );
  writeNames(root, ["_background_noise_/hum.wav", "yes/._hidden.wav", "yes/notes.txt", "README.md", "no sounds/notes.txt"]);
  return root;
}

const count = (clips: readonly Clip[], label: string) => clips.filter((clip) => clip.label === label).length;

function listedFolder(): string {
  const root = temporaryFolder();
  const names = [
    "yes/a.wav",
    "yes/b.wav",
    "No/c.wav",
    "no2/d.wav",
    "no2/e.wav",
    "no2/f.wav",
    "_silence_/1.wav",
    "yes/unlisted.wav",
  ];
  writeNames(root, names);
  writeFileSync(join(root, "training_list.txt"), "yes/a.wav\r\nNo/c.wav\r\nno2/d.wav\nno2/e.wav\n\n");
  writeFileSync(join(root, "testing_list.txt"), "yes/b.wav\nno2\\f.wav\n_silence_/1.wav\n");
  return root;
}

function splitFolders(extra: readonly string[] = [], names = ["training", "validation", "testing"]): string {
  const root = temporaryFolder();
  for (const split of names) writeNames(root, [`${split}/yes/a.wav`, `${split}/no/b.wav`]);
  writeNames(root, ["_background_noise_/hum.wav", ...extra]);
  return root;
}

const counts = (data: Dataset, split: "training" | "validation" | "testing") => {
  const clips = clipsOf(data, split);
  const generated = clips.filter((clip) => clip.kind === "silence").length;
  return [clips.length - generated, count(clips, "_unknown_"), count(clips, "_silence_"), generated];
};

/** Paths of the unknown words that a seed chooses. */
function unknownPaths(root: string, seed: number): string[] {
  const { clips } = openDataset(root, { words: ["no", "yes"], seed });
  return clips.filter((clip) => clip.label === "_unknown_").map((clip) => clip.path);
}

describe("hash split folders", () => {
  const root = hashFolder();
  const options = { words: ["no", "yes"] };

  it("has the originals' label order, shares of silence and unknown, and sets", () => {
    const data = openDataset(root, options);
    expect([data.rule, data.labels]).toEqual(["hash", ["_silence_", "_unknown_", "no", "yes"]]);
    expect(data.noise).toEqual([join(root, "_background_noise_", "hum.wav")]);
    for (const split of ["training", "validation", "testing"] as const) {
      const clips = clipsOf(data, split);
      const wanted = speakers.filter((speaker) => hashSplit(`${speaker}_nohash_0.wav`) === split).length * 2;
      const tenth = Math.ceil(wanted / 10);
      expect(wanted).toBeGreaterThan(0);
      expect([count(clips, "yes") + count(clips, "no"), count(clips, "_unknown_"), count(clips, "_silence_")]).toEqual([
        wanted,
        tenth,
        tenth,
      ]);
      expect(
        clips.filter((clip) => clip.kind === "silence").every((clip) => clip.path === "" && clip.label === "_silence_"),
      ).toBe(true);
    }
  });

  it("chooses unknown words by the seed alone", () => {
    expect(unknownPaths(root, 1)).toEqual(unknownPaths(root, 1));
    expect(unknownPaths(root, 1)).not.toEqual(unknownPaths(root, 2));
  });

  it("takes any labels, with or without silence and unknown", () => {
    expect(openDataset(root, { words: "all" }).labels).toEqual(["cat", "no", "yes"]);
    expect(openDataset(root, { words: "all" }).clips.length).toBe(360);
    const bare = openDataset(root, { words: ["cat"], silence: false, unknown: false });
    expect([bare.labels, bare.clips.length]).toEqual([["cat"], 120]);
    const none = openDataset(root, { words: ["cat"], unknownPercentage: 0, silencePercentage: 0 });
    expect(none.clips.length).toBe(120);
    const most = openDataset(root, { words: ["cat"], unknownPercentage: 1000 });
    expect(count(most.clips, "_unknown_")).toBe(240);
  });

  it("keeps the official lists' hash split where they only repeat it", () => {
    const listed = hashFolder();
    writeFileSync(join(listed, "testing_list.txt"), "yes/speaker0_nohash_0.wav\n");
    writeFileSync(join(listed, "validation_list.txt"), "yes/speaker1_nohash_0.wav\n");
    expect(openDataset(listed, options).rule).toBe("hash");
    const forced = openDataset(listed, { ...options, splitBy: "lists" });
    expect([clipsOf(forced, "testing").filter((clip) => clip.kind === "file").length, forced.rule]).toEqual([1, "lists"]);
    expect(count(clipsOf(forced, "training"), "yes") + count(clipsOf(forced, "training"), "no")).toBe(238);
  });

  it("puts a whole folder into one split where asked to", () => {
    const data = openDataset(root, { ...options, everyClipIn: "testing" });
    expect([data.rule, clipsOf(data, "testing").length, clipsOf(data, "training").length]).toEqual(["whole", 360 + 24, 0]);
  });
});

describe("listed folders", () => {
  it("counts every listed clip and generates silence only where none is listed", () => {
    const data = openDataset(listedFolder(), { words: ["yes", "no"] });
    const show = (split: "training" | "testing") => clipsOf(data, split).map((clip) => `${clip.label}:${clip.word}:${clip.kind}`);
    expect(data.rule).toBe("lists");
    expect(show("training").toSorted()).toEqual([
      "_silence_:_silence_:silence",
      "_unknown_:no2:file",
      "_unknown_:no2:file",
      "no:no:file",
      "yes:yes:file",
    ]);
    expect(show("testing").toSorted()).toEqual(["_silence_:_silence_:file", "_unknown_:no2:file", "yes:yes:file"]);
  });

  it("lets lists win that name silence clips, without a training list", () => {
    const root = temporaryFolder();
    writeNames(root, ["yes/a.wav", "yes/b.wav", "dog/c.wav", "_silence_/1.wav"]);
    writeFileSync(join(root, "testing_list.txt"), "_silence_/1.wav\nyes/b.wav\n");
    const data = openDataset(root, { words: ["yes"] });
    expect(clipsOf(data, "testing").map((clip) => clip.label)).toEqual(["_silence_", "yes"]);
    expect(clipsOf(data, "training").map((clip) => clip.label)).toEqual(["_unknown_", "yes", "_silence_"]);
  });

  it("names the list and line of a missing, repeated or malformed entry", () => {
    const root = listedFolder();
    const list = join(root, "validation_list.txt");
    const open = (text: string) => {
      writeFileSync(list, text);
      return () => openDataset(root, { words: ["yes", "no"] });
    };
    expect(open("yes/unlisted.wav\nyes/gone.wav\n")).toThrow(
      /validation_list\.txt: line 2: 'yes\/gone\.wav' is not in the folder/,
    );
    expect(open("yes/a.wav\n")).toThrow(/line 1: 'yes\/a\.wav' is also in .*training_list\.txt line 1/);
    expect(open("\nunlisted.wav\n")).toThrow(/line 2: 'unlisted\.wav'; write one WORD\/FILE/);
    expect(open("../yes/a.wav\n")).toThrow(FormatError);
  });
});

describe("folders of splits", () => {
  it("takes them as they are", () => {
    const data = openDataset(splitFolders(), { words: ["yes", "no"] });
    expect([data.rule, data.labels, data.clips.length, data.noise.length]).toEqual(["folders", ["yes", "no"], 6, 1]);
  });

  it("takes SpeechRec's names of them, the noise in train", () => {
    const root = splitFolders(["train/_background_noise_/hiss.wav"], ["train", "valid", "test"]);
    const data = openDataset(root, { words: ["yes", "no"] });
    expect([data.rule, data.clips.map((clip) => clip.split), data.noise.length]).toEqual([
      "folders",
      ["training", "training", "validation", "validation", "testing", "testing"],
      2,
    ]);
  });

  it("refuses other words unless they may count as unknown", () => {
    const root = splitFolders(["testing/dog/c.wav"]);
    expect(() => openDataset(root, { words: ["yes", "no"] })).toThrow(/'dog' is none of the wanted words/);
    expect(openDataset(root, { words: ["yes", "no"], unknown: true }).labels).toEqual(["_unknown_", "yes", "no"]);
  });

  it("misses a word in one of the sets", () => {
    expect(() => openDataset(splitFolders(["training/dog/c.wav"]), { words: ["yes", "dog"], unknown: true })).toThrow(
      /validation: there are no clips of 'dog'/,
    );
  });
});

describe("manifests", () => {
  const root = temporaryFolder();
  writeNames(root, ["a.wav", "long.flac", "sub/b.wav"]);
  const file = join(root, "clips.jsonl");
  const write = (...lines: unknown[]) =>
    writeFileSync(file, lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n"));

  it("reads paths, labels, speakers, splits and times", () => {
    write(
      { path: "a.wav", label: "Yes", speaker: "ann", split: "training" },
      "",
      { path: "long.flac", label: "no", split: "testing", start: 1.5, end: 2.25, comment: "kept out" },
      { path: join(root, "sub", "b.wav"), label: "maybe", speaker: 7 },
    );
    const data = openDataset(file);
    expect([data.rule, data.labels]).toEqual(["manifest", ["maybe", "no", "yes"]]);
    const { path: _path, ...clip } = data.clips.find((each) => each.word === "no") as Clip;
    expect(clip).toEqual({ label: "no", word: "no", speaker: "", split: "testing", start: 1.5, end: 2.25, kind: "file" });
    const third = data.clips.find((each) => each.word === "maybe") as Clip;
    expect([third.speaker, third.split]).toEqual(["7", hashSplit("7")]);
  });

  it("makes a task with silence and unknown of it where words are given", () => {
    const data = openDataset(file, { words: ["yes"] });
    expect(data.labels).toEqual(["_silence_", "_unknown_", "yes"]);
    expect(count(data.clips, "_unknown_")).toBe(2);
  });

  it.each([
    ["{", /line 2: column 2: the text ends where a name in double quotes is expected/],
    ["[]", /line 2: no object/],
    [{ label: "yes" }, /line 2: "path" is missing/],
    [{ path: "a.wav" }, /line 2: "label" is missing/],
    [{ path: "a.wav", label: 3 }, /line 2: "label" is 3/],
    [{ path: "gone.wav", label: "yes" }, /line 2: there is no file .*gone\.wav/],
    [{ path: "a.wav", label: "yes", split: "train" }, /line 2: "split" is "train"/],
    [{ path: "a.wav", label: "yes", start: -1 }, /line 2: "start" is -1/],
    [{ path: "a.wav", label: "yes", start: 2, end: 1 }, /line 2: "end" \(1\) is not after "start" \(2\)/],
    [{ path: "a.wav", label: "yes", speaker: {} }, /line 2: "speaker" is/],
  ])("names the line of %j", (line, message) => {
    write({ path: "a.wav", label: "yes" }, line);
    expect(() => openDataset(file)).toThrow(message);
    expect(() => openDataset(file)).toThrow(FormatError);
  });
});

describe("wrong data sets", () => {
  it("says what is wrong", () => {
    const empty = temporaryFolder();
    expect(() => openDataset(empty)).toThrow(/there are no sound files in its folders/);
    expect(() => openDataset(join(empty, "nowhere"))).toThrow(/there is no such folder; .*earshot data get/);
    mkdirSync(join(empty, "yes"));
    expect(() => openDataset(empty)).toThrow(/there are no sound files/);
    writeNames(empty, ["a.wav"]);
    expect(() => openDataset(empty)).toThrow(
      `${empty}: its sounds, such as a.wav, are in no folder of a word; expected one folder a word, such as ${join(empty, "yes", "a.wav")}; where`,
    );
    writeNames(empty, ["yes/a.wav"]);
    expect(() => openDataset(empty, { words: ["yes", "noo"] })).toThrow(/no clips of 'noo'; the data has: yes$/);
    expect(() => openDataset(empty)).toThrow(/the data has: yes; name the words to tell apart with --words$/);
    expect(() => openDataset(empty, { words: ["yes"], splitBy: "lists" })).toThrow(/no training_list\.txt/);
    expect(() => openDataset(join(empty, "gone.jsonl"))).toThrow(UserError);
    for (const wrong of [[], ["yes", "yes"], ["yes", ""], ["_silence_"]])
      expect(() => openDataset(empty, { words: wrong })).toThrow(UsageError);
  });

  it("answers any manifest with a data set or a typed error", () => {
    const root = temporaryFolder();
    writeNames(root, ["a.wav"]);
    const line = fc.oneof(
      fc.constant('{"path":"a.wav","label":"yes"}'),
      fc.json(),
      fc.string(),
      fc.record({ path: fc.constant("a.wav"), label: fc.string(), start: fc.double() }).map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 4 }), (lines) => {
        writeFileSync(join(root, "m.jsonl"), lines.join("\n"));
        try {
          openDataset(join(root, "m.jsonl"));
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
      }),
      { numRuns: 300 },
    );
  });
});

const speech = join(dataFolder, "speech_commands");
describe.skipIf(!existsSync(speech))("shared data (skipped without EARSHOT_DATA)", () => {
  it("counts 1,270 testing clips, 210 unknown and 60 silence among them", () => {
    const data = openDataset(speech);
    expect(counts(data, "testing")).toEqual([1270, 210, 60, 0]);
    expect(counts(data, "training")).toEqual([700, 140, 56, 56]);
    expect(counts(data, "validation")).toEqual([400, 80, 32, 32]);
    expect(data.noise.length).toBe(6);
  });

  it("has 35 words", () => {
    const data = openDataset(speech, { words: "all" });
    expect([data.labels.length, data.clips.length]).toEqual([35, 2310]);
  });
});
