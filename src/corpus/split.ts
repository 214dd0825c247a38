import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { FormatError } from "../base/errors.js";
import type { Split } from "./clip.js";
import { splits } from "./clip.js";

/** Shares of the hash split in percent; the rest is training. */
export interface SplitShares {
  /** Default 10. */
  validationPercentage?: number | undefined;
  /** Default 10. */
  testingPercentage?: number | undefined;
}

// 2^27 - 1, TensorFlow's MAX_NUM_WAVS_PER_CLASS (tensorflow/examples/speech_commands/input_data.py).
const largestHash = 134217727;

/** The part of a file name that the hash split keys on: everything before `_nohash_`, or the whole name. */
export function hashedName(fileName: string): string {
  const at = fileName.indexOf("_nohash_");
  return at < 0 ? fileName : fileName.slice(0, at);
}

/** Speaker id of a Speech Commands file name; empty where the name carries none. */
export function speakerOf(fileName: string): string {
  const at = fileName.indexOf("_nohash_");
  return at < 0 ? "" : fileName.slice(0, at);
}

/**
 * Place of a name in [0, 100]: SHA-1 as a big-endian integer, modulo 2^27, times 100 / (2^27 - 1), in double precision as in
 * TensorFlow's which_set.
 */
export function hashPercentage(name: string): number {
  const digest = createHash("sha1").update(name, "utf8").digest();
  return (digest.readUInt32BE(16) & largestHash) * (100 / largestHash);
}

/** The split of a file by TensorFlow's rule; every clip of a speaker falls into the same one. */
export function hashSplit(fileName: string, shares: SplitShares = {}): Split {
  return splitAt(hashPercentage(hashedName(fileName)), shares);
}

/** `hashSplit` that remembers the names it has seen: a data set has 40 files a speaker. */
export function hashSplitter(shares: SplitShares = {}): (fileName: string) => Split {
  const known = new Map<string, Split>();
  return (fileName) => {
    const name = hashedName(fileName);
    let split = known.get(name);
    if (split === undefined) {
      split = splitAt(hashPercentage(name), shares);
      known.set(name, split);
    }
    return split;
  };
}

function splitAt(percentage: number, shares: SplitShares): Split {
  const validation = shares.validationPercentage ?? 10;
  const testing = shares.testingPercentage ?? 10;
  if (percentage < validation) return "validation";
  return percentage < testing + validation ? "testing" : "training";
}

/** One entry of a `*_list.txt`. */
export interface ListedFile {
  /** WORD/FILE with forward slashes. */
  name: string;
  split: Split;
  list: string;
  line: number;
}

/** The split lists of a folder: which exist, and their entries in order. */
export interface SplitLists {
  found: Set<Split>;
  entries: ListedFile[];
}

const largestList = 64 << 20;

/**
 * Reads training_list.txt, validation_list.txt and testing_list.txt where they exist.
 * @throws FormatError for a file in two lists, or a list of more than 64 MB
 */
export function readSplitLists(root: string): SplitLists {
  const found = new Set<Split>();
  const byName = new Map<string, ListedFile>();
  for (const split of splits) {
    const path = join(root, `${split}_list.txt`);
    if (!existsSync(path)) continue;
    found.add(split);
    for (const entry of readList(path, split)) {
      const earlier = byName.get(entry.name);
      if (earlier !== undefined && earlier.split !== split) {
        const remedy = "leave it in one of the two, or the test would contain what was trained on";
        throw new FormatError(
          path,
          `line ${entry.line}`,
          `'${entry.name}' is also in ${earlier.list} line ${earlier.line}`,
          remedy,
        );
      }
      if (earlier === undefined) byName.set(entry.name, entry);
    }
  }
  return { found, entries: [...byName.values()] };
}

function readList(path: string, split: Split): ListedFile[] {
  const { size } = statSync(path);
  if (size > largestList)
    throw new FormatError(path, "size", `${size} bytes`, "a list has one WORD/FILE a line and at most 64 MB");
  const lines = readFileSync(path, "utf8").split(/\r?\n/);
  const entries: ListedFile[] = [];
  for (const [index, text] of lines.entries()) {
    const name = text.trim().replaceAll("\\", "/").replace(/^\.\//, "");
    if (name === "") continue;
    if (!/^[^/]+\/[^/]+$/.test(name)) {
      throw new FormatError(
        path,
        `line ${index + 1}`,
        `'${name.slice(0, 80)}'`,
        "write one WORD/FILE a line, for example yes/0a7c2a8d_nohash_0.wav",
      );
    }
    entries.push({ name, split, list: path, line: index + 1 });
  }
  return entries;
}
