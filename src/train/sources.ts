import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../base/errors.js";
import { findPath } from "../base/find_path.js";
import { archiveClips, isArchive, openArchive } from "../corpus/archive.js";
import type { Clip, Split } from "../corpus/clip.js";
import { backgroundFolder, silenceLabel, unknownLabel } from "../corpus/clip.js";
import { openDataset } from "../corpus/dataset.js";
import { isRowSet, readRowSet, type RowSet, rowSetName } from "../corpus/row_set.js";
import { listSounds, scanFolder } from "../corpus/scan.js";
import type { TaskOptions } from "../corpus/task.js";
import type { Recipe, RecipeSource } from "./recipe.js";

/** Clips of one source with their label indices. Plain data: it is sent to loader workers. */
export type ClipSet =
  | {
      readonly kind: "sounds";
      readonly clips: readonly Clip[];
      readonly labels: Int32Array;
      readonly weight?: number | undefined;
    }
  | {
      readonly kind: "archive";
      /** Folder of the archive. */
      readonly root: string;
      /** Whether its values are known to be stored as bytes, as they are. */
      readonly bytes?: boolean;
      /** Places in features.npy. */
      readonly arrays: Int32Array;
      readonly labels: Int32Array;
      readonly weight?: number | undefined;
    };

/** All that a training reads. */
export interface TrainingData {
  readonly labels: readonly string[];
  readonly training: readonly ClipSet[];
  readonly validation: readonly ClipSet[];
  /** Testing clips of the sources that take part in the validation. */
  readonly testing: readonly ClipSet[];
  /** Paths of recordings of background noise. */
  readonly noise: readonly string[];
  /** Arrays of background noise for training, by archive. */
  readonly noiseArrays: readonly { readonly root: string; readonly arrays: Int32Array }[];
}

/** Number of clips of several sets. */
export function countClips(sets: readonly ClipSet[]): number {
  return sets.reduce((sum, set) => sum + set.labels.length, 0);
}

/** The task whose labels are given: the words among them, and whether silence and unknown words have labels. */
export function taskOfLabels(labels: readonly string[]): TaskOptions & { words: string[] } {
  return {
    words: labels.filter((label) => label !== silenceLabel && label !== unknownLabel),
    silence: labels.includes(silenceLabel),
    unknown: labels.includes(unknownLabel),
  };
}

/**
 * Opens the sources of a recipe. The first source settles the labels; the others are labelled in the same way, and may lack words.
 * @throws UserError where a source cannot be read, the first lacks a word, or where there is no training clip
 */
export function openSources(recipe: Recipe): TrainingData {
  let labels: readonly string[] | undefined;
  const opened: OpenedSource[] = [];
  for (const source of recipe.data) {
    const one = openSource(source, recipe, labels);
    labels ??= one.labels;
    opened.push(one);
  }
  const names = labels as readonly string[];
  const pick = (split: Split, wanted: (source: RecipeSource) => boolean): ClipSet[] =>
    opened
      .flatMap((one, i) => (wanted(recipe.data[i]) ? [one.split(split, names, recipe.data[i].weight)] : []))
      .filter((set) => set.labels.length > 0);
  const training = pick("training", () => true);
  if (countClips(training) === 0)
    throw new UserError(
      `${recipe.data.map((source) => source.path).join(", ")}: there is no training clip; check the split lists`,
    );
  const noise = [...opened.flatMap((one) => one.noise), ...recipe.noise.flatMap(noiseFiles)];
  return {
    labels: names,
    training,
    validation: pick("validation", (source) => source.validate),
    testing: pick("testing", (source) => source.validate),
    noise: [...new Set(noise)],
    noiseArrays: opened.flatMap((one) => (one.noiseArrays === undefined ? [] : [one.noiseArrays])),
  };
}

interface OpenedSource {
  labels: readonly string[];
  noise: readonly string[];
  noiseArrays?: { root: string; arrays: Int32Array };
  split(split: Split, labels: readonly string[], weight: number | undefined): ClipSet;
}

function openSource(source: RecipeSource, recipe: Recipe, labels: readonly string[] | undefined): OpenedSource {
  const { splitBy, silencePercentage, unknownPercentage, validationPercentage, testingPercentage, ...own } = recipe.task;
  const task = labels === undefined ? own : taskOfLabels(labels);
  if (source.kind === "archive") return openArchiveSource(source.path, task);
  if (source.kind === "rows") return openRowSource(source.path, own.words, labels);
  if (isArchive(source.path))
    throw new UserError(`${source.path}: this is a feature archive, not a folder of sounds; name it with --features`);
  const dataset = openDataset(source.path, {
    ...task,
    splitBy,
    silencePercentage,
    unknownPercentage,
    validationPercentage,
    testingPercentage,
    seed: recipe.seed,
    partial: labels !== undefined,
    recordings: source.recordings,
  });
  return {
    labels: dataset.labels,
    noise: dataset.noise,
    split: (split, names, weight) =>
      soundSet(
        dataset.clips.filter((clip) => clip.split === split),
        names,
        weight,
      ),
  };
}

/** Rows of features; a label that is not given is `words`, or what the training set names. */
function openRowSource(
  path: string,
  words: readonly string[] | "all" | undefined,
  given: readonly string[] | undefined,
): OpenedSource {
  const folder = isRowSet(path) ? dirname(path) : path;
  const file = (split: Split): string => join(folder, rowSetName(split));
  const training = readRowSet(file("training"));
  const labels = given ?? (words === undefined || words === "all" ? training.classes : words);
  return {
    labels,
    noise: [],
    split: (split, names, weight) => {
      const root = file(split);
      const set = split === "training" ? training : existsSync(root) ? readRowSet(root) : undefined;
      if (set === undefined) return { kind: "archive", root, arrays: new Int32Array(0), labels: new Int32Array(0), weight };
      if (set.window !== training.window || set.bins !== training.bins)
        throw new UserError(
          `${root}: its rows have ${set.window} x ${set.bins} values, those of ${training.path} ${training.window} x ${training.bins}; make both alike`,
        );
      return { ...clipsOfRows(set, names), weight };
    },
  };
}

/**
 * The rows of a data set with the indices of their labels.
 * @throws UserError where it cannot be read, or has a row with another label
 */
export function rowClips(path: string, labels: readonly string[]): Extract<ClipSet, { kind: "archive" }> {
  return clipsOfRows(readRowSet(path), labels);
}

function clipsOfRows(set: RowSet, names: readonly string[]): Extract<ClipSet, { kind: "archive" }> {
  const labels = labelIndices(set, names);
  return { kind: "archive", root: set.path, arrays: Int32Array.from(labels.keys()), labels };
}

/** EdgeML takes the label <null> for the first class. */
function labelIndices({ labels, path }: RowSet, names: readonly string[]): Int32Array {
  const known = new Map(names.map((label, index) => [label, index]));
  known.set("<null>", 0);
  return Int32Array.from(labels, (label, row) => {
    const index = known.get(label);
    if (index === undefined) throw new UserError(`${path}: row ${row} is '${label}', which is none of ${names.join(", ")}`);
    return index;
  });
}

function openArchiveSource(root: string, task: TaskOptions): OpenedSource {
  const archive = openArchive(root);
  try {
    const { labels, clips } = archiveClips(archive, task);
    const noise = archive.rows.filter((row) => row.word === backgroundFolder && row.split === "training");
    const { scale, offset } = archive.description;
    const bytes = archive.type === "u8" && scale === 1 && offset === 0;
    return {
      labels,
      noise: [],
      noiseArrays: { root, arrays: Int32Array.from(noise, (row) => row.index) },
      split: (split, names, weight) => {
        const members = clips.filter((clip) => clip.split === split);
        return {
          kind: "archive",
          root,
          bytes,
          arrays: Int32Array.from(members, (clip) => clip.index),
          labels: Int32Array.from(members, (clip) => names.indexOf(clip.label)),
          weight,
        };
      },
    };
  } finally {
    archive.close();
  }
}

/**
 * Clips with the indices of their labels.
 * @throws UserError where a clip has a label that is none of them
 */
export function soundSet(
  clips: readonly Clip[],
  labels: readonly string[],
  weight?: number,
): Extract<ClipSet, { kind: "sounds" }> {
  const index = new Map(labels.map((label, i) => [label, i]));
  const indices = Int32Array.from(clips, ({ label, path }) => {
    const found = index.get(label);
    if (found === undefined) throw new UserError(`${path}: its label '${label}' is none of ${labels.join(", ")}`);
    return found;
  });
  return { kind: "sounds", clips, labels: indices, weight };
}

/** Sound files of a folder of noise, or the file itself. */
function noiseFiles(path: string): string[] {
  const stat = findPath(path);
  if (stat === undefined) throw new UserError(`${path}: there is no such file or folder of background noise; check --noise`);
  if (stat.isFile()) return [path];
  const found = scanFolder(path);
  const files = [...listSounds(path).map((file) => join(path, file)), ...found.noise, ...found.files.map((file) => file.path)];
  if (files.length === 0) throw new UserError(`${path}: there are no sound files of background noise in it`);
  return files;
}
