import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ArchiveWriter } from "../../src/corpus/archive_writer.js";
import { namedSet } from "../../src/measure/named_set.js";
import { temporaryFolder, toneDataset } from "../train/tones.js";

const labels = ["low", "high", "middle"];

/** An archive of one array a word, of the testing part. */
function archiveOf(words: readonly string[]): string {
  const root = join(temporaryFolder(), "archive");
  const writer = new ArchiveWriter(root, { itemShape: [2], frontend: null, labels: words });
  for (const [i, word] of words.entries()) writer.append({ word, name: `${word}_${i}`, split: "testing" }, Float32Array.of(i, i));
  writer.close();
  return root;
}

describe.each([
  ["a folder of sounds", toneDataset(4), 8],
  ["an archive", archiveOf(["high", "low", "high"]), 3],
])("%s that has some of a model's words", (_, root, count) => {
  it("is taken where a part is enough, and what is missing is told", () => {
    const told: string[] = [];
    const set = namedSet(root, "testing", labels, { partial: (missing) => told.push(...missing) });
    expect(told).toEqual(["middle"]);
    expect(set.labels).toHaveLength(count);
    expect(new Set(set.labels)).toEqual(new Set([0, 1]));
  });

  it("is refused where all of them are needed, or where it has none of them", () => {
    expect(() => namedSet(root, "testing", labels)).toThrow(/there are no (clips|arrays) of 'middle'; the (data|archive) has: /);
    const others = (): unknown => namedSet(root, "testing", ["left", "right"], { partial: () => undefined });
    expect(others).toThrow(/there are no (clips|arrays) of 'left', 'right'/);
  });

  it("gives as many clips as are wanted, of all of it", () => {
    expect(namedSet(root, "testing", labels.slice(0, 2), { most: 2 }).labels).toHaveLength(2);
    expect(namedSet(root, "validation", labels.slice(0, 2), { all: true }).labels.length).toBeGreaterThanOrEqual(count);
  });
});

it("says what to do where the part has no clip", () => {
  const root = archiveOf(["low", "high"]);
  expect(() => namedSet(root, "training", ["low", "high"])).toThrow(
    `${root}: there is no training array; take data that has this part of the model's words`,
  );
});
