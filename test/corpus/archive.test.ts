import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError, UserError } from "../../src/base/errors.js";
import { archiveClips, isArchive, openArchive } from "../../src/corpus/archive.js";
import { parseArchiveIndex } from "../../src/corpus/archive_index.js";
import { ArchiveWriter } from "../../src/corpus/archive_writer.js";
import { openDataset } from "../../src/corpus/dataset.js";
import { encodeNpy, halfToNumber } from "../../src/formats/npy.js";
import { dataFolder, temporaryFolder } from "./folders.js";

const head = "index,word,name,split";

/** An archive whose array i holds i * 7 + 0..5 modulo 256. */
function byteArchive(count: number, rows?: string[]): string {
  const root = temporaryFolder();
  const data = Uint8Array.from({ length: count * 6 }, (_, i) => Math.floor(i / 6) * 7 + (i % 6));
  writeFileSync(join(root, "features.npy"), encodeNpy("u8", [count, 3, 2], data));
  const lines = rows ?? Array.from({ length: count }, (_, i) => `${i},yes,ann_nohash_${i},training`);
  writeFileSync(join(root, "features.csv"), [head, ...lines].join("\n"));
  return root;
}

describe("archive reader", () => {
  it("gives every array whatever the block size, the cache and the order of reading", () => {
    const count = 37;
    const root = byteArchive(count);
    fc.assert(
      fc.property(
        fc.array(fc.nat(count - 1), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 0, max: 120 }),
        (order, blockBytes, cacheBytes) => {
          const archive = openArchive(root, { blockBytes, cacheBytes });
          const out = new Float32Array(8);
          for (const index of order) {
            archive.read(index, out, 1);
            const expected = Array.from({ length: 6 }, (_, i) => (index * 7 + i) & 255);
            expect([...out]).toEqual([0, ...expected, 0]);
            expect([...archive.bytes(index)]).toEqual(expected);
            expect(archive.cachedBytes).toBeLessThanOrEqual(Math.max(cacheBytes, Math.max(6, blockBytes)));
          }
          archive.close();
        },
      ),
      { numRuns: 100 },
    );
  });

  it("reads a block once while it is in the cache, and drops the one unused for longest", () => {
    const archive = openArchive(byteArchive(9), { blockBytes: 18, cacheBytes: 36 });
    for (const index of [0, 2, 3, 5, 1, 4]) archive.bytes(index);
    expect(archive.blockReads).toBe(2);
    archive.bytes(0);
    archive.bytes(8);
    archive.bytes(1);
    expect(archive.blockReads).toBe(3);
    archive.bytes(3);
    expect(archive.blockReads).toBe(4);
    archive.close();
  });

  it("applies scale and offset, and reads halves", () => {
    const root = byteArchive(2);
    writeFileSync(join(root, "features.npy"), encodeNpy("f16", [2, 2], Uint16Array.from([0x3c00, 0xc000, 0x4200, 0x0000])));
    writeFileSync(
      join(root, "features.json"),
      JSON.stringify({ scale: 2, offset: 1, frontend: { kind: "log_mel" }, labels: ["yes"] }),
    );
    const archive = openArchive(root);
    const out = new Float32Array(2);
    archive.read(0, out);
    expect([...out]).toEqual([2 * halfToNumber(0x3c00) + 1, -3]);
    expect([archive.description.frontend, archive.description.labels, archive.itemShape]).toEqual([
      { kind: "log_mel" },
      ["yes"],
      [2],
    ]);
    archive.close();
  });

  it("labels arrays for a task", () => {
    const root = byteArchive(5, [
      "0,_background_noise_,b0,training",
      "1,yes,ann_nohash_0,training",
      "2,Dog,bob_nohash_1,validation",
      "3,no,x,training",
      "4,cat,y,testing",
    ]);
    const archive = openArchive(root);
    const { labels, clips } = archiveClips(archive, { words: ["no", "yes"] });
    expect(labels).toEqual(["_silence_", "_unknown_", "no", "yes"]);
    expect(clips.map((clip) => clip.label)).toEqual(["_silence_", "yes", "_unknown_", "no", "_unknown_"]);
    expect([clips[1].speaker, clips.filter((clip) => clip.split === "validation").map((clip) => clip.index)]).toEqual([
      "ann",
      [2],
    ]);
    expect(archiveClips(archive, { words: "all" }).clips.map((clip) => clip.index)).toEqual([1, 2, 3, 4]);
    expect(() => archiveClips(archive, { words: ["up"] })).toThrow(/no arrays of 'up'; the archive has: _background_noise_, cat/);
    archive.close();
  });

  it("says what is wrong", () => {
    expect(() => openArchive(temporaryFolder())).toThrow(/features\.npy: there is no such file; .*featurize/);
    const file = join(byteArchive(2), "features.npy");
    expect(() => openArchive(file)).toThrow(`${file}: this is a file; a feature archive is named by its folder`);
    expect(() => openDataset(dirname(file))).toThrow(
      /this is a feature archive, not a folder of sounds; train and evaluate take it with --features/,
    );
    const open =
      (...rows: string[]) =>
      () =>
        openArchive(byteArchive(2, rows));
    expect(open("2,yes,a,training")).toThrow(/line 2: index "2" of 2 arrays/);
    expect(open("0,yes,a,training", "0,no,b,testing")).toThrow(/line 3: array 0 stands twice/);
    expect(open("0,yes,a,train")).toThrow(/line 2: split "train"/);
    expect(open("0,yes")).toThrow(/line 2: too few columns/);
    const root = byteArchive(2);
    writeFileSync(join(root, "features.csv"), "index,label\n");
    expect(() => openArchive(root)).toThrow(/no column 'word', 'name', 'split'/);
    writeFileSync(join(root, "features.npy"), readFileSync(join(root, "features.npy")).subarray(0, -1));
    expect(() => openArchive(root)).toThrow(/needs 12 bytes, 11 follow/);
    const description = byteArchive(2);
    writeFileSync(join(description, "features.json"), '{"scale": 0}');
    expect(() => openArchive(description)).toThrow(/features\.json: scale, offset: 0, 0/);
    const archive = openArchive(byteArchive(2));
    expect(() => archive.bytes(2)).toThrow(UserError);
    archive.close();
  });

  it("answers any index with rows or a FormatError", () => {
    const text = fc
      .array(
        fc.oneof(fc.constant("0,yes,a,training"), fc.string(), fc.constant('1,"a,b","c""d",testing'), fc.constant('0,"open')),
      )
      .map((lines) => [head, ...lines].join("\n"));
    fc.assert(
      fc.property(text, (csv) => {
        try {
          for (const row of parseArchiveIndex(csv, "index.csv", 2)) expect(row.index).toBeLessThan(2);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
    );
  });
});

/** A large array that differs by seed. */
const values = (seed: number) => Float32Array.from({ length: 300_000 }, (_, i) => Math.sin(i * seed));

describe("archive writer", () => {
  it("appends arrays that the reader gives back", () => {
    const root = join(temporaryFolder(), "archive");
    const writer = new ArchiveWriter(root, { itemShape: [600, 500], frontend: { kind: "mfcc" }, labels: ["a"] });
    for (let i = 0; i < 4; i++) writer.append({ word: `w "${i}", x`, name: `n_nohash_${i}`, split: "testing" }, values(i));
    expect([writer.count, isArchive(root)]).toEqual([4, false]);
    writer.close();
    const archive = openArchive(root);
    const out = new Float32Array(300_000);
    for (const i of [3, 0, 2]) {
      archive.read(i, out);
      expect(Buffer.compare(Buffer.from(out.buffer), Buffer.from(values(i).buffer))).toBe(0);
    }
    expect(archive.rows[2]).toEqual({ index: 2, word: 'w "2", x', name: "n_nohash_2", split: "testing" });
    expect(archive.description).toEqual({ frontend: { kind: "mfcc" }, labels: ["a"], scale: 1, offset: 0 });
    archive.close();
    expect(readdirSync(root).toSorted()).toEqual(["features.json", "features.npy", "index.csv"]);
  });

  it("rounds and limits bytes", () => {
    const root = temporaryFolder();
    const writer = new ArchiveWriter(root, { itemShape: [5], type: "i8", scale: 0.5, offset: 1, frontend: null });
    writer.append({ word: "a", name: "", split: "training" }, Float32Array.of(1, 1.5, 1.2, 500, -500));
    writer.close();
    const archive = openArchive(root);
    expect([...new Int8Array(archive.bytes(0))]).toEqual([0, 1, 0, 127, -128]);
    const out = new Float32Array(5);
    archive.read(0, out);
    expect([...out]).toEqual([1, 1.5, 1, 64.5, -63]);
    archive.close();
  });

  it("leaves nothing behind when given up, and an archive that is there alone", () => {
    const root = temporaryFolder();
    const writer = new ArchiveWriter(root, { itemShape: [1], frontend: null });
    writer.append({ word: "a", name: "", split: "training" }, Float32Array.of(1));
    writer.abort();
    expect(readdirSync(root)).toEqual([]);
    expect(() => new ArchiveWriter(byteArchive(1), { itemShape: [1], frontend: null })).toThrow(/a feature archive already/);
    writeFileSync(join(root, "file"), "");
    for (const place of [join(root, "file", "x"), join(root, "file")])
      expect(() => new ArchiveWriter(place, { itemShape: [1], frontend: null })).toThrow(
        `${place} could not be written: is a file, not a folder (ENOTDIR); choose another path`,
      );
  });
});

const features = join(dataFolder, "features");
describe.skipIf(!existsSync(features))("shared archive (skipped without EARSHOT_DATA)", () => {
  it("has its documented counts, read through a small cache", () => {
    const archive = openArchive(features, { cacheBytes: 1 << 20 });
    expect([archive.count, archive.itemShape, archive.type]).toEqual([47027, [98, 40], "u8"]);
    const { clips } = archiveClips(archive);
    const training = clips.filter((clip) => clip.split === "training");
    const of = (label: string) => training.filter((clip) => clip.label === label).length;
    expect([
      training.length,
      of("_unknown_"),
      of("_silence_"),
      clips.filter((clip) => clip.split === "validation").length,
    ]).toEqual([41973, 10704, 500, 5054]);
    const out = new Float32Array(98 * 40);
    for (let i = 0; i < 500; i++) archive.read((i * 7919) % archive.count, out);
    expect(archive.cachedBytes).toBeLessThanOrEqual(1 << 20);
    expect(out.reduce((sum, value) => sum + value, 0)).toBeGreaterThan(0);
    archive.close();
  });
});
