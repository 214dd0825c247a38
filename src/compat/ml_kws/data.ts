import { existsSync } from "node:fs";
import { join } from "node:path";
import { UsageError, UserError } from "../../base/errors.js";
import type { Split } from "../../corpus/clip.js";
import { openDataset } from "../../corpus/dataset.js";
import { type ClipSet, soundSet, taskOfLabels } from "../../train/sources.js";
import type { ProgramContext } from "../program.js";
import { ensureSpeechData } from "../speech_data.js";
import { type DataFlags, wordsOf } from "./flags.js";

/** RANDOM_SEED of the originals. */
export const seed = 59_185;

/** Flags that are percentages, and how large they may be. */
const percentages = {
  silence_percentage: 10_000,
  unknown_percentage: 10_000,
  validation_percentage: 100,
  testing_percentage: 100,
} as const;

/**
 * What the flags say about words and splits, as a recipe has it.
 * @throws UsageError for percentages that cannot be
 */
export function taskOf({ values, given }: DataFlags) {
  for (const [name, most] of Object.entries(percentages)) {
    const value = values[name as keyof typeof percentages];
    if (!(value >= 0 && value <= most)) throw new UsageError(`--${name} ${value}: it must be 0 to ${most}`);
  }
  const byHash = given.has("validation_percentage") || given.has("testing_percentage");
  return {
    words: wordsOf(values.wanted_words),
    silence: true,
    unknown: true,
    silencePercentage: values.silence_percentage,
    unknownPercentage: values.unknown_percentage,
    validationPercentage: values.validation_percentage,
    testingPercentage: values.testing_percentage,
    ...(byHash ? { splitBy: "hash" as const } : {}),
  };
}

/** Fetches the data set where it is missing, and says where its split is not the originals'. */
export async function prepareData(flags: DataFlags, context: ProgramContext): Promise<string> {
  const { data_dir: folder, data_url: url } = flags.values;
  await ensureSpeechData(folder, url, context);
  if (taskOf(flags).splitBy === undefined && existsSync(join(folder, "training_list.txt")))
    context.warn(
      `note: ${folder} brings its own split (training_list.txt), which is kept; give --validation_percentage for the split by hash`,
    );
  return folder;
}

/**
 * Clips of a part of the data set, labelled as a model labels.
 * @throws UserError where there is none
 */
export function clipsOf(flags: DataFlags, labels: readonly string[], split: Split): Extract<ClipSet, { kind: "sounds" }> {
  const folder = flags.values.data_dir;
  const dataset = openDataset(folder, { ...taskOf(flags), ...taskOfLabels(labels), seed });
  const clips = dataset.clips.filter((clip) => clip.split === split);
  if (clips.length === 0) throw new UserError(`${folder}: there is no ${split} clip; choose other percentages`);
  return soundSet(clips, labels);
}
