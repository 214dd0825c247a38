import { UserError } from "../base/errors.js";
import { archiveClips, isArchive, openArchive } from "../corpus/archive.js";
import type { Split } from "../corpus/clip.js";
import { type DatasetOptions, openDataset } from "../corpus/dataset.js";
import type { ClipSet } from "../train/sources.js";
import { soundSet, taskOfLabels } from "../train/sources.js";

/** Which clips of the data are taken. */
export interface NamedSetOptions {
  /** About so many, evenly over the set; default all. */
  readonly most?: number;
  /** Every clip, however the data is split. */
  readonly all?: boolean | undefined;
  readonly splitBy?: DatasetOptions["splitBy"];
  /**
   * Data with some of the model's words is somebody's own recordings: told which words have no clip. Data with none of them is other data.
   * Without it every word must have clips.
   */
  readonly partial?: ((missing: readonly string[]) => void) | undefined;
  /** What to do where the part has no clip. */
  readonly remedy?: string;
}

const takeTheModels = "take data that has this part of the model's words";

/**
 * Clips of one part of a folder of sounds, a manifest or a feature archive, labelled as the model labels.
 * @throws UserError where there is no such clip
 */
export function namedSet(root: string, split: Split, labels: readonly string[], options: NamedSetOptions = {}): ClipSet {
  return isArchive(root) ? arraySet(root, split, labels, options) : soundsSet(root, split, labels, options);
}

/** As `namedSet`, of sounds alone. */
export function soundsSet(
  root: string,
  split: Split,
  labels: readonly string[],
  { most = Infinity, all, splitBy, partial, remedy = takeTheModels }: NamedSetOptions = {},
): Extract<ClipSet, { kind: "sounds" }> {
  const task = { ...taskOfLabels(labels), splitBy, everyClipIn: all === true ? split : undefined };
  const open = (isPartial: boolean) => openDataset(root, { ...task, partial: isPartial }).clips;
  const clips = withWords(task.words, partial, open).filter((clip) => clip.split === split);
  if (clips.length === 0) throw new UserError(`${root}: there is no ${split} clip; ${remedy}`);
  return soundSet(evenly(clips, most), labels);
}

/** As `namedSet`, of a feature archive alone. */
export function arraySet(
  root: string,
  split: Split,
  labels: readonly string[],
  { most = Infinity, all, partial, remedy = takeTheModels }: NamedSetOptions = {},
): Extract<ClipSet, { kind: "archive" }> {
  const task = taskOfLabels(labels);
  const archive = openArchive(root);
  archive.close();
  const open = (isPartial: boolean) => archiveClips(archive, { ...task, partial: isPartial }).clips;
  const clips = withWords(task.words, partial, open).filter((clip) => all === true || clip.split === split);
  if (clips.length === 0) throw new UserError(`${root}: there is no ${split} array; ${remedy}`);
  const members = evenly(clips, most);
  const arrays = Int32Array.from(members, (clip) => clip.index);
  return { kind: "archive", root, arrays, labels: Int32Array.from(members, (clip) => labels.indexOf(clip.label)) };
}

/** The clips of data that has all of the words, or, where that is enough, some of them. */
function withWords<T extends { label: string }>(
  words: readonly string[],
  partial: NamedSetOptions["partial"],
  open: (isPartial: boolean) => T[],
): T[] {
  if (partial === undefined) return open(false);
  const clips = open(true);
  const present = new Set(clips.map(({ label }) => label));
  const missing = words.filter((word) => !present.has(word));
  if (missing.length === words.length) return open(false);
  if (missing.length > 0) partial(missing);
  return clips;
}

/** At most `most` of the items, at equal distances. */
export function evenly<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, i) => items[Math.floor((i * items.length) / most)] as T);
}
