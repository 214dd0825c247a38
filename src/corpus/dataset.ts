import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { FormatError, UserError } from "../base/errors.js";
import { hashText, RandomStream } from "../base/random.js";
import { findPath } from "../base/find_path.js";
import type { Clip, Split } from "./clip.js";
import { silenceLabel, splits, unknownLabel } from "./clip.js";
import { manifestHashName, readManifest } from "./manifest.js";
import { noSounds } from "./no_sounds.js";
import type { FoundFile, FoundFolder, RecordingKind } from "./scan.js";
import { listFolders, scanFolder } from "./scan.js";
import type { SplitLists, SplitShares } from "./split.js";
import { splitFolderNames } from "./split_folder_names.js";
import { hashSplitter, readSplitLists, speakerOf } from "./split.js";
import type { Task, TaskOptions } from "./task.js";
import { resolveTask } from "./task.js";

/** How clips are given to training, validation and testing. */
export type SplitRule = "lists" | "hash" | "folders" | "manifest" | "whole";

/** How a data set is opened. */
export interface DatasetOptions extends TaskOptions, SplitShares {
  /** Silence clips generated for a split that brings none, in percent of its clips of wanted words. Default 10. */
  silencePercentage?: number | undefined;
  /** Unknown words drawn for a split that is not listed, in percent of its clips of wanted words. Default 10. */
  unknownPercentage?: number | undefined;
  /**
   * "lists": the `*_list.txt` files; "hash": TensorFlow's rule; "folders": training/, validation/ and testing/ (or train/,
   * valid/ and test/) with one folder a word each. Default: folders where they exist, lists where there is a training_list.txt or a list names `_silence_` clips,
   * otherwise hash.
   */
  splitBy?: "lists" | "hash" | "folders" | undefined;
  /** Puts every clip into this one split: for a test set that is a folder of its own. */
  everyClipIn?: Split | undefined;
  /** Whether wanted words may be without clips: in data that only joins others. Default false. */
  partial?: boolean | undefined;
  /** Which files of the folders are recordings. Default: sound files. */
  recordings?: RecordingKind | undefined;
  /** Seed of the choice of unknown words. Default 0. */
  seed?: number | undefined;
}

/** A data set: labels in order, and all clips of all splits, sorted by split and name, generated silence last. */
export interface Dataset {
  /** The folder or manifest. */
  root: string;
  labels: string[];
  clips: Clip[];
  /** Recordings of background noise. */
  noise: string[];
  rule: SplitRule;
}

/** A file with its split; `given` where the data itself (list, folder, manifest) put it there: then it always counts. */
interface Placed {
  path: string;
  word: string;
  speaker: string;
  split: Split;
  given: boolean;
  start?: number;
  end?: number;
}

/**
 * Opens a data set: a folder with one folder a word (Speech Commands), a folder with training/, validation/ and testing/, or a
 * JSONL manifest.
 *
 * Silence and unknown follow the originals: ceil(10 %) of the number of wanted clips of each split. They are drawn or generated
 * only where the data does not settle them itself: all unknown words of a listed split count, and a split that has clips from
 * `_silence_` gets no generated ones.
 *
 * @throws UserError for a missing or empty folder and for a wanted word without clips; FormatError for a faulty list or manifest;
 * UsageError for faulty words
 */
export function openDataset(root: string, options: DatasetOptions = {}): Dataset {
  const stat = findPath(root);
  if (stat?.isFile() === true || (stat === undefined && /\.(jsonl|ndjson)$/.test(root))) return openManifest(root, options);
  if (
    options.splitBy === "folders" ||
    (options.splitBy === undefined && options.everyClipIn === undefined && hasSplitFolders(root))
  ) {
    return openSplitFolders(root, options);
  }
  return openWordFolders(root, options);
}

/** The clips of one split, in order. */
export function clipsOf(dataset: Dataset, split: Split): Clip[] {
  return dataset.clips.filter((clip) => clip.split === split);
}

function openWordFolders(root: string, options: DatasetOptions): Dataset {
  const found = scanFolder(root, options.recordings);
  if (found.files.length === 0) throw noSounds(root, options.recordings);
  const task = resolveTask(options, found.words);
  if (options.everyClipIn !== undefined) {
    const split = options.everyClipIn;
    return finish(
      root,
      task,
      found.files.map((file) => place(file, split, true)),
      found.noise,
      "whole",
      options,
    );
  }
  const lists = readSplitLists(root);
  const byLists = options.splitBy === undefined ? listsWin(lists) : options.splitBy === "lists";
  if (byLists && lists.found.size === 0) {
    throw new UserError(`${root}: there is no training_list.txt, validation_list.txt or testing_list.txt; split by hash instead`);
  }
  const placed = byLists ? placeByLists(found, lists) : placeByHash(found.files, options);
  return finish(root, task, placed, found.noise, byLists ? "lists" : "hash", options);
}

/** The lists of the archives themselves only repeat the hash rule; these do not. */
function listsWin(lists: SplitLists): boolean {
  return lists.found.has("training") || lists.entries.some((entry) => entry.name.toLowerCase().startsWith(`${silenceLabel}/`));
}

function placeByHash(files: readonly FoundFile[], shares: SplitShares): Placed[] {
  const splitOf = hashSplitter(shares);
  return files.map((file) => place(file, splitOf(file.file), false));
}

function placeByLists(found: FoundFolder, lists: SplitLists): Placed[] {
  const byName = new Map(found.files.map((file) => [file.name, file]));
  const placed: Placed[] = [];
  for (const entry of lists.entries) {
    const file = byName.get(entry.name);
    if (file === undefined) {
      const remedy = "restore the file or take the line out of the list: every listed clip counts";
      throw new FormatError(entry.list, `line ${entry.line}`, `'${entry.name}' is not in the folder`, remedy);
    }
    byName.delete(entry.name);
    placed.push(place(file, entry.split, true));
  }
  // As in the archives: what no list names is for training, unless training has a list of its own.
  if (!lists.found.has("training")) for (const file of byName.values()) placed.push(place(file, "training", false));
  return placed;
}

function place(file: FoundFile, split: Split, given: boolean): Placed {
  return { path: file.path, word: file.word, speaker: speakerOf(file.file), split, given };
}

const isSplit = (root: string, names: Readonly<Record<Split, string>>): boolean =>
  [names.training, names.testing].every((name) => existsSync(join(root, name)) && listFolders(join(root, name)).length > 0);

function hasSplitFolders(root: string): boolean {
  return splitFolderNames.some((names) => isSplit(root, names));
}

function openSplitFolders(root: string, options: DatasetOptions): Dataset {
  const names = splitFolderNames.find((each) => isSplit(root, each)) ?? splitFolderNames[0]!;
  const placed: Placed[] = [];
  const noise = existsSync(join(root, "_background_noise_")) ? scanFolder(root, options.recordings).noise : [];
  const words = new Set<string>();
  for (const split of splits) {
    const folder = join(root, names[split]);
    if (!existsSync(folder))
      throw new UserError(
        `${folder}: there is no such folder; a set split by folders has ${names.training}, ${names.validation} and ${names.testing}`,
      );
    const found = scanFolder(folder, options.recordings);
    if (found.files.length === 0) throw noSounds(folder, options.recordings);
    noise.push(...found.noise);
    for (const word of found.words) words.add(word);
    placed.push(...found.files.map((file) => place(file, split, true)));
  }
  const task = resolveTask({ silence: words.has(silenceLabel), unknown: words.has(unknownLabel), ...defined(options) }, words);
  for (const { word, path } of placed) {
    if (task.labelOf(word) !== undefined) continue;
    throw new UserError(
      `${path}: '${word}' is none of the wanted words; remove its folder, add it to the words, or let it count as unknown`,
    );
  }
  for (const split of splits)
    checkWanted(
      join(root, names[split]),
      task,
      placed.filter((item) => item.split === split),
      options,
    );
  return finish(root, task, placed, noise, "folders", options);
}

/** Options without undefined values, so that they do not hide defaults. */
function defined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}

function openManifest(file: string, options: DatasetOptions): Dataset {
  const entries = readManifest(file);
  if (entries.length === 0)
    throw new UserError(`${file}: the manifest names no clip; write one JSON object {path, label} a line`);
  const splitOf = hashSplitter(options);
  const words = new Set(entries.map((entry) => entry.label));
  const taskOptions =
    options.words === undefined
      ? { words: "all" as const, silence: words.has(silenceLabel), unknown: words.has(unknownLabel) }
      : {};
  const task = resolveTask({ ...taskOptions, ...defined(options) }, words);
  const placed = entries.map((entry): Placed => {
    const { path, label, start, end } = entry;
    const split = options.everyClipIn ?? entry.split ?? splitOf(manifestHashName(entry));
    const times = { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) };
    return { path, word: label, speaker: entry.speaker ?? speakerOf(basename(path)), split, given: true, ...times };
  });
  return finish(file, task, placed, [], "manifest", options);
}

function checkWanted(root: string, task: Task, placed: readonly Placed[], { words }: TaskOptions): void {
  const present = new Set(placed.map((item) => item.word));
  const missing = task.words.filter((word) => !present.has(word));
  if (missing.length === 0) return;
  const has = [...present].toSorted().slice(0, 50).join(", ");
  const what = `${root}: there are no clips of ${missing.map((word) => `'${word}'`).join(", ")}; the data has: ${has}`;
  // Nobody has named the words: they are the ten command words.
  throw new UserError(words === undefined ? `${what}; name the words to tell apart with --words` : what);
}

function finish(root: string, task: Task, placed: Placed[], noise: string[], rule: SplitRule, options: DatasetOptions): Dataset {
  if (options.partial !== true) checkWanted(root, task, placed, options);
  const clips = splits.flatMap((split) => splitClips(task, placed, split, options));
  return { root, labels: task.labels, clips, noise, rule };
}

/** Chooses and labels the clips of one split. */
function splitClips(task: Task, placed: readonly Placed[], split: Split, options: DatasetOptions): Clip[] {
  const members = placed.filter((item) => item.split === split).toSorted(byPath);
  const labelled = members.map((item) => ({ item, label: task.labelOf(item.word) })).filter((each) => each.label !== undefined);
  const wanted = labelled.filter(({ label }) => label !== silenceLabel && label !== unknownLabel).length;
  const candidates = labelled.filter(({ item, label }) => label === unknownLabel && !item.given).map(({ item }) => item);
  const count = percentOf(wanted, options.unknownPercentage ?? 10);
  const random = new RandomStream(options.seed ?? 0, hashText("unknown"), splits.indexOf(split));
  const drawn = new Set(count < candidates.length ? random.shuffle(candidates).slice(0, count) : candidates);
  const clips = labelled
    .filter(({ item, label }) => label !== unknownLabel || item.given || drawn.has(item))
    .map(({ item, label }) => toClip(item, label as string));
  const hasSilence = clips.some((clip) => clip.label === silenceLabel);
  const silent = task.silence && !hasSilence ? percentOf(wanted, options.silencePercentage ?? 10) : 0;
  for (let i = 0; i < silent; i++)
    clips.push({ path: "", label: silenceLabel, word: silenceLabel, speaker: "", split, kind: "silence" });
  return clips;
}

/** The originals' int(math.ceil(count * percentage / 100)). */
function percentOf(count: number, percentage: number): number {
  return Math.ceil((count * percentage) / 100);
}

function byPath(a: Placed, b: Placed): number {
  if (a.path !== b.path) return a.path < b.path ? -1 : 1;
  return (a.start ?? 0) - (b.start ?? 0);
}

function toClip(item: Placed, label: string): Clip {
  const { given: _given, ...rest } = item;
  return { ...rest, label, kind: "file" };
}
