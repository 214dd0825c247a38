import { createHash } from "node:crypto";
import { basename, dirname } from "node:path";
import type { Clip } from "../corpus/clip.js";
import type { ClipSet } from "../train/sources.js";

/** Which clips a model heard right, so that two models that judged the same clips can be compared clip by clip. */
export interface Decisions {
  /** SHA-256 over the names and true labels of all clips, in hexadecimal: equal for the same clips, wherever their folder lies. */
  clips: string;
  /** One bit a clip in the order of their names, lowest bit first, base64: 1 where it was heard right. */
  right: string;
}

/**
 * Names the clips of evaluated sets: by folder, file and times, not by where the data set lies.
 * @returns one name a clip, in the order of the sets
 */
export function clipNames(sets: readonly ClipSet[]): string[] {
  return sets.flatMap((set) =>
    set.kind === "sounds" ? set.clips.map(nameOfClip) : Array.from(set.arrays, (array) => `${basename(set.root)}#${array}`),
  );
}

function nameOfClip({ kind, path, start, end }: Clip): string {
  return kind === "silence" ? "silence" : `${basename(dirname(path))}/${basename(path)}@${start ?? 0}-${end ?? ""}`;
}

/**
 * @param names of the clips
 * @param truth true label of each clip
 * @param right whether it was heard right
 */
export function decisionsOf(names: readonly string[], truth: readonly string[], right: readonly boolean[]): Decisions {
  const keys = names.map((name, i) => JSON.stringify([name, truth[i]]));
  // Clips of one name (generated silence) are equal; those heard right come first.
  const order = keys
    .map((_, i) => i)
    .sort((a, b) => compare(keys[a] as string, keys[b] as string) || Number(right[b]) - Number(right[a]));
  const digest = createHash("sha256");
  const bits = new Uint8Array(Math.ceil(keys.length / 8));
  for (const [place, clip] of order.entries()) {
    digest.update(`${keys[clip]}\n`);
    if (right[clip] === true) bits[place >> 3] = (bits[place >> 3] as number) | (1 << (place & 7));
  }
  return { clips: digest.digest("hex"), right: Buffer.from(bits).toString("base64") };
}

/** One number a clip: 1 where it was heard right, else 0. */
export function rightClips({ right }: Decisions, clips: number): Uint8Array {
  const bits = Buffer.from(right, "base64");
  return Uint8Array.from({ length: clips }, (_, i) => ((bits[i >> 3] ?? 0) >> (i & 7)) & 1);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
