import { readdirSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../base/errors.js";
import { findPath } from "../base/find_path.js";
import { backgroundFolder } from "./clip.js";

/** A sound file of a folder per word. */
export interface FoundFile {
  path: string;
  /** FOLDER/FILE as the lists write it. */
  name: string;
  /** The folder's name in lower case. */
  word: string;
  /** The file's own name. */
  file: string;
}

/** What stands in a folder with one folder a word. */
export interface FoundFolder {
  /** Sorted by name; background noise is not among them. */
  files: FoundFile[];
  /** Long recordings of background noise, sorted. */
  noise: string[];
  /** Words that have a file, sorted. */
  words: string[];
}

/** Which files of a folder are recordings: sound files, or .npy files of floats, as kws_streaming's `--wav 0` has them. */
export type RecordingKind = "sound" | "npy";

const soundName = /\.(wav|flac|ogg|oga|opus)$/i;

/** Whether a file name looks like sound that earshot reads. Hidden files (such as `._a.wav` of macOS) do not. */
export function isSoundName(name: string): boolean {
  return !name.startsWith(".") && soundName.test(name);
}

/**
 * Lists the sound files of a folder that has one folder a word. File order is sorted by folder, then name (code units), so that it
 * does not depend on the file system.
 * @throws UserError where there is no such folder
 */
export function scanFolder(root: string, kind: RecordingKind = "sound"): FoundFolder {
  const files: FoundFile[] = [];
  const noise: string[] = [];
  const words = new Set<string>();
  for (const folder of listFolders(root)) {
    const word = folder.toLowerCase();
    const names = listSounds(join(root, folder), kind);
    if (word === backgroundFolder) {
      const others = kind === "sound" ? [] : listSounds(join(root, folder));
      noise.push(...[...names, ...others].map((file) => join(root, folder, file)));
      continue;
    }
    if (names.length > 0) words.add(word);
    for (const file of names) files.push({ path: join(root, folder, file), name: `${folder}/${file}`, word, file });
  }
  return { files, noise, words: [...words].toSorted() };
}

/** Names of the folders in a folder, sorted; hidden ones are left out, links to folders are followed. */
export function listFolders(root: string): string[] {
  const entries = readFolder(root);
  const isFolder = (entry: (typeof entries)[number]) =>
    entry.isDirectory() || (entry.isSymbolicLink() && findPath(join(root, entry.name))?.isDirectory() === true);
  return entries
    .filter((entry) => !entry.name.startsWith(".") && isFolder(entry))
    .map((entry) => entry.name)
    .toSorted();
}

/** Names of the sound files in a folder, sorted. */
export function listSounds(folder: string, kind: RecordingKind = "sound"): string[] {
  const isWanted = (name: string): boolean => (kind === "sound" ? isSoundName(name) : /^[^.].*\.npy$/i.test(name));
  return readFolder(folder)
    .filter((entry) => isWanted(entry.name) && !entry.isDirectory())
    .map((entry) => entry.name)
    .toSorted();
}

function readFolder(path: string) {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    throw folderError(path, error);
  }
}

function folderError(path: string, cause: unknown): UserError {
  const code = (cause as NodeJS.ErrnoException).code;
  const remedies: Record<string, string> = {
    ENOENT: "there is no such folder; check the path, or get a data set with 'earshot data get' or 'earshot data synth'",
    ENOTDIR: "this is a file; give a folder",
    EACCES: "the folder may not be read; check its permissions",
  };
  return new UserError(`${path}: ${remedies[code ?? ""] ?? `the folder cannot be read (${code})`}`, { cause });
}
