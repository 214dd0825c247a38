import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { FormatError, UserError } from "../base/errors.js";
import { parseJsonText } from "../base/json.js";
import { findPath } from "../base/find_path.js";
import type { NpyType } from "../formats/npy.js";
import { npyHeaderLimit, parseNpyHeader } from "../formats/npy.js";
import type { ArchiveRow } from "./archive_index.js";
import { readArchiveIndex } from "./archive_index.js";
import { type ArchiveDescription, type ArchiveOptions, FeatureArchive } from "./feature_archive.js";
import { isRowSet, openRowArchive } from "./row_set.js";
import { speakerOf } from "./split.js";
import type { TaskOptions } from "./task.js";
import { resolveTask } from "./task.js";

const largestDescription = 16 << 20;
const readable: ReadonlySet<NpyType> = new Set(["u8", "i8", "bool", "u16", "i16", "u32", "i32", "f16", "f32", "f64"]);

/** Whether a folder holds a feature archive. */
export function isArchive(root: string): boolean {
  return existsSync(join(root, "features.npy"));
}

/**
 * Opens a folder with features.npy (shape [clips, ...]), index.csv or features.csv, and maybe features.json; or a .npz file of rows.
 * @throws UserError for a missing folder or file; FormatError for faulty ones
 */
export function openArchive(root: string, options: ArchiveOptions = {}): FeatureArchive {
  if (isRowSet(root)) return openRowArchive(root, options);
  const file = join(root, "features.npy");
  if (!existsSync(file)) throw noArchive(root, file);
  const descriptor = openSync(file, "r");
  try {
    const size = fstatSync(descriptor).size;
    const start = new Uint8Array(Math.min(size, npyHeaderLimit));
    readSync(descriptor, start, 0, start.length, 0);
    const header = parseNpyHeader(start, file, size);
    if (header.shape.length < 2 || header.elements === 0) {
      throw new FormatError(
        file,
        "header",
        `shape (${header.shape.join(", ")})`,
        "an archive has at least one clip and shape (clips, frames, features)",
      );
    }
    if (!readable.has(header.type))
      throw new FormatError(file, "header", `elements of type ${header.type}`, "store them as u1, i1, i2, i4, f2, f4 or f8");
    const rows = readArchiveIndex(indexPath(root), header.shape[0]);
    return new FeatureArchive({ root, file, descriptor, header, rows, description: readDescription(root) }, options);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function noArchive(root: string, file: string): UserError {
  if (findPath(root)?.isFile() === true)
    return new UserError(`${root}: this is a file; a feature archive is named by its folder, the one with features.npy in it`);
  return new UserError(`${file}: there is no such file; a feature archive is written by 'earshot data featurize'`);
}

/** One array of an archive as an example of a task. */
export interface ArchiveClip extends ArchiveRow {
  label: string;
  /** Speaker id; empty where the name carries none. */
  speaker: string;
}

/**
 * Labels the arrays for a task as `openDataset` labels files; all that the task does not leave out count. `_background_noise_` is
 * `_silence_`. With words "all" the labels `_silence_` and `_unknown_` exist where asked for.
 * @throws UserError for a wanted word without arrays, unless a part of the words is enough
 */
export function archiveClips(
  archive: FeatureArchive,
  options: TaskOptions & { partial?: boolean } = {},
): { labels: string[]; clips: ArchiveClip[] } {
  const present = new Set(archive.rows.map((row) => row.word));
  const task = resolveTask(options, present);
  const missing = task.words.filter((word) => !present.has(word));
  if (missing.length > 0 && options.partial !== true) {
    const has = [...present].toSorted().slice(0, 50).join(", ");
    throw new UserError(
      `${archive.root}: there are no arrays of ${missing.map((word) => `'${word}'`).join(", ")}; the archive has: ${has}`,
    );
  }
  const clips: ArchiveClip[] = [];
  for (const row of archive.rows) {
    const label = task.labelOf(row.word);
    if (label === undefined) continue;
    clips.push({ ...row, label, speaker: speakerOf(row.name) });
  }
  return { labels: task.labels, clips };
}

function indexPath(root: string): string {
  for (const name of ["index.csv", "features.csv"]) if (existsSync(join(root, name))) return join(root, name);
  throw new UserError(
    `${root}: there is neither index.csv nor features.csv; the archive needs one line index,word,name,split for each array`,
  );
}

function readDescription(root: string): ArchiveDescription {
  const file = join(root, "features.json");
  const plain: ArchiveDescription = { frontend: null, labels: null, scale: 1, offset: 0 };
  if (!existsSync(file)) return plain;
  const { size } = statSync(file);
  if (size > largestDescription) throw new FormatError(file, "size", `${size} bytes`, "a description has at most 16 MB");
  const value = parseJsonText(readFileSync(file, "utf8"), file, "write one JSON object, or remove the file");
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new FormatError(file, "text", "no object", "write one JSON object");
  const { frontend = null, labels = null, scale = 1, offset = 0 } = value as Record<string, unknown>;
  if (!Number.isFinite(scale) || !Number.isFinite(offset) || scale === 0)
    throw new FormatError(file, "scale, offset", `${scale}, ${offset}`, "write two finite numbers, the scale not 0");
  if (labels !== null && !(Array.isArray(labels) && labels.every((label) => typeof label === "string"))) {
    throw new FormatError(file, "labels", JSON.stringify(labels).slice(0, 60), "write a list of texts or null");
  }
  return { frontend, labels: labels as string[] | null, scale: scale as number, offset: offset as number };
}
