import { readFileSync } from "node:fs";
import { basename, dirname, isAbsolute, resolve } from "node:path";
import { FormatError, UserError } from "../base/errors.js";
import { findJsonFault } from "../base/json.js";
import { findPath } from "../base/find_path.js";
import type { Split } from "./clip.js";
import { splits } from "./clip.js";

/** One line of a manifest. */
export interface ManifestEntry {
  /** Path of the sound file, resolved against the manifest's folder. */
  path: string;
  /** What is said, lower case. */
  label: string;
  speaker?: string;
  split?: Split;
  /** Seconds. */
  start?: number;
  /** Seconds. */
  end?: number;
  line: number;
}

const largestManifest = 256 << 20;
const shape = '{"path": "a.wav", "label": "yes", "speaker"?: "ann", "split"?: "training", "start"?: 0.5, "end"?: 1.5}';

/**
 * Parses a JSONL manifest: one object {path, label, speaker?, split?, start?, end?} a line; other keys are ignored, empty lines
 * are skipped.
 * @param file name for messages
 * @throws FormatError with the line number
 */
export function parseManifest(text: string, file: string): ManifestEntry[] {
  const zero = text.indexOf("\0");
  if (zero >= 0)
    throw new FormatError(
      file,
      `character ${zero + 1}`,
      "a zero byte: this is no text",
      `give a folder, or a manifest with one object ${shape} a line`,
    );
  const entries: ManifestEntry[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    entries.push(parseLine(line, index + 1, file));
  }
  return entries;
}

/**
 * Reads a manifest and checks that its sound files exist.
 * @throws FormatError with the line number; UserError where the manifest itself cannot be read
 */
export function readManifest(file: string): ManifestEntry[] {
  const size = findPath(file)?.size;
  if (size === undefined) throw new UserError(`${file}: there is no such file; check the path of the manifest`);
  if (size > largestManifest) throw new FormatError(file, "size", `${size} bytes`, "a manifest may have 256 MB; split it");
  const entries = parseManifest(readFileSync(file, "utf8"), file);
  const known = new Map<string, boolean>();
  for (const entry of entries) {
    entry.path = isAbsolute(entry.path) ? entry.path : resolve(dirname(file), entry.path);
    let exists = known.get(entry.path);
    if (exists === undefined) {
      exists = findPath(entry.path)?.isFile() === true;
      known.set(entry.path, exists);
    }
    if (!exists)
      throw new FormatError(
        file,
        `line ${entry.line}`,
        `there is no file ${entry.path}`,
        "paths count from the manifest's folder",
      );
  }
  return entries;
}

/** Name on which the hash split of an entry without a split keys: its speaker, or its file. */
export function manifestHashName(entry: ManifestEntry): string {
  return entry.speaker ?? basename(entry.path);
}

function parseLine(line: string, number: number, file: string): ManifestEntry {
  const wrong = (found: string) => new FormatError(file, `line ${number}`, found, `each line is one object ${shape}`);
  const plain = number === 1 ? line.replace(/^\uFEFF/, "") : line;
  const fault = findJsonFault(plain);
  if (fault !== undefined) throw wrong(`column ${fault.at + 1}: ${fault.found}`);
  const value: unknown = JSON.parse(plain);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong("no object");
  const { path, label, speaker, split, start, end } = value as Record<string, unknown>;
  if (typeof path !== "string" || path === "" || path.includes("\0")) throw wrong(`"path" is ${show(path)}`);
  if (typeof label !== "string" || label.trim() === "") throw wrong(`"label" is ${show(label)}`);
  const entry: ManifestEntry = { path, label: label.trim().toLowerCase(), line: number };
  if (speaker !== undefined && speaker !== null) {
    if (typeof speaker !== "string" && typeof speaker !== "number") throw wrong(`"speaker" is ${show(speaker)}`);
    entry.speaker = String(speaker);
  }
  if (split !== undefined && split !== null) {
    if (!splits.includes(split as Split)) throw wrong(`"split" is ${show(split)}, not training, validation or testing`);
    entry.split = split as Split;
  }
  readTimes(entry, start, end, wrong);
  return entry;
}

function readTimes(entry: ManifestEntry, start: unknown, end: unknown, wrong: (found: string) => FormatError): void {
  for (const [key, value] of [["start", start] as const, ["end", end] as const]) {
    if (value === undefined || value === null) continue;
    if (typeof value !== "number" || !Number.isFinite(value) || value < 0)
      throw wrong(`"${key}" is ${show(value)}, not seconds from 0`);
    entry[key] = value;
  }
  if (entry.end !== undefined && entry.end <= (entry.start ?? 0))
    throw wrong(`"end" (${entry.end}) is not after "start" (${entry.start ?? 0})`);
}

function show(value: unknown): string {
  return value === undefined ? "missing" : (JSON.stringify(value) ?? typeof value).slice(0, 60);
}
