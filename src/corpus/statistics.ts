import { UserError } from "../base/errors.js";
import { readSound } from "../signal/decode.js";
import type { Clip, Split } from "./clip.js";
import { splits } from "./clip.js";
import type { Dataset } from "./dataset.js";
import { decibels, measureLevels } from "./levels.js";

/** Smallest, middle, mean and largest of some numbers; null for none. */
export interface Summary {
  lowest: number;
  median: number;
  mean: number;
  highest: number;
}

/** Numbers of one split. */
export interface SplitStatistics {
  /** Clips that count, generated silence included. */
  clips: number;
  generatedSilence: number;
  /** Distinct speaker ids. */
  speakers: number;
  byLabel: Record<string, number>;
  /** By the word of the data; shows what `_unknown_` consists of. */
  byWord: Record<string, number>;
  /** Hours of sound in its files. */
  hours: number;
  /** Seconds of a file. */
  seconds: Summary | null;
  /** RMS level of a file in dB of full scale; digital silence counts as -120. */
  level: Summary | null;
}

/** Numbers of a data set. */
export interface DatasetStatistics {
  root: string;
  /** How the clips were split. */
  rule: string;
  labels: string[];
  splits: Record<Split, SplitStatistics>;
  speakers: number;
  /** Speaker ids that are in more than one split: what is learned of a voice there is tested on it. */
  speakersInSeveralSplits: string[];
  /** Background noise. */
  noise: { files: number; hours: number };
  /** Files that could not be read; 'data check' says why. */
  unreadable: string[];
}

interface Measured {
  seconds: number;
  level: number;
}

/** Counts clips, labels and speakers, and reads every file for its duration and level. */
export async function datasetStatistics(
  dataset: Dataset,
  options: { onProgress?: ((done: number, total: number) => void) | undefined } = {},
): Promise<DatasetStatistics> {
  const unreadable: string[] = [];
  const measured = new Map<Clip, Measured>();
  const files = dataset.clips.filter((clip) => clip.kind === "file");
  for (const [index, clip] of files.entries()) {
    const result = await measure(clip);
    if (result === undefined) unreadable.push(clip.path);
    else measured.set(clip, result);
    options.onProgress?.(index + 1, files.length + dataset.noise.length);
  }
  const noise = await measureNoise(dataset.noise, unreadable);
  const bySplit = Object.fromEntries(splits.map((split) => [split, splitStatistics(dataset, split, measured)])) as Record<
    Split,
    SplitStatistics
  >;
  const speakers = speakerSplits(dataset.clips);
  const shared = [...speakers].filter(([, where]) => where.size > 1).map(([speaker]) => speaker);
  const { root, rule, labels } = dataset;
  return {
    root,
    rule,
    labels,
    splits: bySplit,
    speakers: speakers.size,
    speakersInSeveralSplits: shared.toSorted(),
    noise,
    unreadable,
  };
}

async function measure(clip: Clip): Promise<Measured | undefined> {
  try {
    const { samples, sampleRate } = await readSound(clip.path, { rate: null });
    const piece = samples.subarray(
      Math.round((clip.start ?? 0) * sampleRate),
      clip.end === undefined ? undefined : Math.round(clip.end * sampleRate),
    );
    return { seconds: piece.length / sampleRate, level: Math.max(-120, decibels(measureLevels(piece).rms)) };
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

async function measureNoise(paths: readonly string[], unreadable: string[]): Promise<{ files: number; hours: number }> {
  let seconds = 0;
  for (const path of paths) {
    try {
      const sound = await readSound(path, { rate: null });
      seconds += sound.samples.length / sound.sampleRate;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      unreadable.push(path);
    }
  }
  return { files: paths.length, hours: seconds / 3600 };
}

function splitStatistics(dataset: Dataset, split: Split, measured: ReadonlyMap<Clip, Measured>): SplitStatistics {
  const clips = dataset.clips.filter((clip) => clip.split === split);
  const found = clips.flatMap((clip) => measured.get(clip) ?? []);
  const seconds = found.map((each) => each.seconds);
  return {
    clips: clips.length,
    generatedSilence: clips.filter((clip) => clip.kind === "silence").length,
    speakers: new Set(clips.map((clip) => clip.speaker).filter((speaker) => speaker !== "")).size,
    byLabel: { ...Object.fromEntries(dataset.labels.map((label) => [label, 0])), ...countBy(clips, (clip) => clip.label) },
    byWord: countBy(clips, (clip) => clip.word),
    hours: seconds.reduce((sum, value) => sum + value, 0) / 3600,
    seconds: summarize(seconds),
    level: summarize(found.map((each) => each.level)),
  };
}

function speakerSplits(clips: readonly Clip[]): Map<string, Set<Split>> {
  const speakers = new Map<string, Set<Split>>();
  for (const { speaker, split } of clips) {
    if (speaker === "") continue;
    const where = speakers.get(speaker) ?? new Set();
    speakers.set(speaker, where.add(split));
  }
  return speakers;
}

function countBy(clips: readonly Clip[], key: (clip: Clip) => string): Record<string, number> {
  const counts = new Map<string, number>();
  for (const clip of clips) counts.set(key(clip), (counts.get(key(clip)) ?? 0) + 1);
  return Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function summarize(values: readonly number[]): Summary | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { lowest: sorted[0], median, mean, highest: sorted[sorted.length - 1] };
}
