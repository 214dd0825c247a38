import { openArchive } from "../corpus/archive.js";
import type { Clip } from "../corpus/clip.js";
import { ClipLoader } from "../corpus/load_clip.js";
import type { ClipSet } from "../train/sources.js";
import { countClips } from "../train/sources.js";
import { clipNames, type Decisions, decisionsOf } from "./decisions.js";
import type { RecordedMistake } from "./evaluation_file.js";
import type { Evaluation } from "./metrics.js";
import { argmaxOfRow, evaluateScores } from "./metrics.js";
import { worstMistakes } from "./mistakes.js";
import type { Spotter } from "./spotter.js";

/** What was measured, and on which clips the model was wrong. */
export interface SpotterEvaluation {
  evaluation: Evaluation;
  /** Most confident mistakes on sound files, worst first. */
  mistakes: RecordedMistake[];
  /** Which clips were heard right. */
  decisions: Decisions;
  /** Index of the true label of each clip. */
  truth: Int32Array;
  /** Shape [clips, labels]. */
  probabilities: Float32Array;
}

/** How clips are evaluated. */
export interface EvaluateOptions {
  /** Makes the features of an archive's arrays; needed where a set is an archive. */
  arraysToFeatures?: ((arrays: Float32Array, count: number) => Float32Array) | undefined;
  /** Largest number of mistakes that are returned. Default 24. */
  mistakes?: number | undefined;
  onProgress?: ((done: number, total: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

const groupSize = 64;

/**
 * Labels every clip of the sets and compares with the truth. Label indices of the sets are those of the spotter.
 * @throws UserError where a clip cannot be read or there is none
 */
export async function evaluateSpotter(
  spotter: Spotter,
  sets: readonly ClipSet[],
  options: EvaluateOptions = {},
): Promise<SpotterEvaluation> {
  const total = countClips(sets);
  const width = spotter.labels.length;
  const truth = new Int32Array(total);
  const probabilities = new Float32Array(total * width);
  const clips: (Clip | undefined)[] = [];
  let done = 0;
  for (const set of sets) {
    truth.set(set.labels, done);
    for await (const scores of scoreSet(spotter, set, options)) {
      options.signal?.throwIfAborted();
      probabilities.set(scores, done * width);
      done += scores.length / width;
      options.onProgress?.(done, total);
    }
    for (let i = 0; i < set.labels.length; i++) clips.push(set.kind === "sounds" ? set.clips[i] : undefined);
  }
  const evaluation = evaluateScores(truth, probabilities, spotter.labels);
  const worst = worstMistakes(truth, probabilities, width, total);
  const mistakes = worst.flatMap((mistake) => recorded(mistake, clips, spotter.labels)).slice(0, options.mistakes ?? 24);
  const right = Array.from(truth, (label, clip) => argmaxOfRow(probabilities, clip, width) === label);
  const truths = Array.from(truth, (label) => spotter.labels[label] as string);
  const decisions = decisionsOf(clipNames(sets), truths, right);
  return { evaluation, mistakes, decisions, truth, probabilities };
}

async function* scoreSet(spotter: Spotter, set: ClipSet, options: EvaluateOptions): AsyncGenerator<Float32Array> {
  if (set.kind === "sounds") yield* scoreSounds(spotter, set.clips);
  else yield* scoreArrays(spotter, set, options.arraysToFeatures ?? ((arrays) => arrays));
}

async function* scoreSounds(spotter: Spotter, clips: readonly Clip[]): AsyncGenerator<Float32Array> {
  const { samples, rate } = spotter;
  const loader = new ClipLoader({ rate });
  const audio = new Float32Array(groupSize * samples);
  for (let from = 0; from < clips.length; from += groupSize) {
    const members = clips.slice(from, from + groupSize);
    for (const [i, clip] of members.entries()) await loader.load(clip, audio.subarray(i * samples, (i + 1) * samples));
    yield spotter.scoreSounds(audio.subarray(0, members.length * samples), members.length);
  }
}

async function* scoreArrays(
  spotter: Spotter,
  set: Extract<ClipSet, { kind: "archive" }>,
  toFeatures: (arrays: Float32Array, count: number) => Float32Array,
): AsyncGenerator<Float32Array> {
  const archive = openArchive(set.root);
  try {
    for (let from = 0; from < set.arrays.length; from += groupSize) {
      const places = set.arrays.subarray(from, from + groupSize);
      const arrays = new Float32Array(places.length * archive.itemLength);
      for (const [i, place] of places.entries()) archive.read(place, arrays, i * archive.itemLength);
      yield spotter.scoreFeatures(toFeatures(arrays, places.length), places.length);
    }
  } finally {
    archive.close();
  }
}

/** A mistake as evaluation.json keeps it; generated silence and arrays have no sound to show. */
function recorded(
  mistake: ReturnType<typeof worstMistakes>[number],
  clips: readonly (Clip | undefined)[],
  labels: readonly string[],
): RecordedMistake[] {
  const clip = clips[mistake.clip];
  if (clip === undefined || clip.kind !== "file") return [];
  const { path, start, end } = clip;
  const times = { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) };
  const { score, truthScore } = mistake;
  return [{ path, ...times, truth: labels[mistake.truth], predicted: labels[mistake.predicted], score, truthScore }];
}
