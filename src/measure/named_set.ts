import { UserError } from "../base/errors.js";
import { archiveClips, isArchive, openArchive } from "../corpus/archive.js";
import type { Split } from "../corpus/clip.js";
import { openDataset } from "../corpus/dataset.js";
import type { ClipSet } from "../train/sources.js";
import { soundSet, taskOfLabels } from "../train/sources.js";

/**
 * Clips of one part of a folder of sounds, a manifest or a feature archive, labelled as the model labels.
 * @param most take about so many, evenly over the set
 * @throws UserError where there is no such clip
 */
export function namedSet(root: string, split: Split, labels: readonly string[], most = Infinity): ClipSet {
  const task = taskOfLabels(labels);
  if (isArchive(root)) {
    const archive = openArchive(root);
    archive.close();
    const clips = evenly(
      archiveClips(archive, task).clips.filter((clip) => clip.split === split),
      most,
    );
    if (clips.length === 0) throw new UserError(`${root}: there is no ${split} array with one of the model's labels`);
    const arrays = Int32Array.from(clips, (clip) => clip.index);
    return { kind: "archive", root, arrays, labels: Int32Array.from(clips, (clip) => labels.indexOf(clip.label)) };
  }
  const clips = evenly(
    openDataset(root, task).clips.filter((clip) => clip.split === split),
    most,
  );
  if (clips.length === 0) throw new UserError(`${root}: there is no ${split} clip with one of the model's labels`);
  return soundSet(clips, labels);
}

/** At most `most` of the items, at equal distances. */
export function evenly<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, i) => items[Math.floor((i * items.length) / most)] as T);
}
