import { invariant, UserError } from "../base/errors.js";
import type { Clip, Split } from "../corpus/clip.js";
import { openDataset } from "../corpus/dataset.js";
import { soundSet, taskOfLabels } from "../train/sources.js";
import { evaluateSpotter } from "./evaluate.js";
import type { FalseAccepts } from "./false_accepts.js";
import { bestKeyword, isKeyword } from "./keyword_decision.js";
import type { Spotter } from "./spotter.js";

/** Clips of one kind and how many of them went wrong: missed where they hold a keyword, accepted where they hold none. */
export interface Tally {
  clips: number;
  wrong: number;
  /** wrong / clips; 0 where there are no clips. */
  rate: number;
}

/** A near-sounding phrase as it is measured. */
export interface NearText {
  /** Name of its folder. */
  folder: string;
  /** Whether training had it, in other voices. */
  trained: boolean;
  /** Whether somebody could say it: words, and no made-up sounds. */
  words: boolean;
  /** From the phrase that it is near to, in weighted edits; see near/phone_distance.ts. */
  distance: number;
}

/** Distances of near-sounding phrases that are counted apart: from one, below the other. About 1 is a phone more, less or another. */
export const nearDistances: readonly (readonly [from: number, below: number])[] = [
  [0, 1.5],
  [1.5, 2],
  [2, Infinity],
];

/** One split at one threshold. */
export interface OwnWordsFigures {
  threshold: number;
  /** By keyword: not accepted, or taken for another keyword. */
  words: Record<string, Tally>;
  missed: Tally;
  /** Near-sounding phrases taken for a keyword: all, those that training had, those that it never had. */
  near: Tally;
  nearTrained: Tally;
  nearNew: Tally;
  /** The same, those that are words and those that are sounds of no word. */
  nearWords: Tally;
  nearSounds: Tally;
  /** The same by their distance, each of `nearDistances`. */
  nearByDistance: Tally[];
  /** Other words and phrases taken for a keyword. */
  other: Tally;
  /** Near-sounding phrases accepted most often, by folder. */
  worst: { text: string; clips: number; wrong: number }[];
}

/** What was measured on a voice, and on noise and speech, that training never had. */
export interface OwnWordsResult {
  words: readonly string[];
  labels: readonly string[];
  threshold: number;
  clipSeconds: number;
  /** On training voices, by models that were trained without them; each word's logit is moved so that the threshold lies halfway between what is best for them and for `validation`. */
  leftOut: OwnWordsFigures;
  /** On the settings of the training voices that were held aside. */
  validation: OwnWordsFigures;
  /** On the voice that was never trained on. */
  testing: OwnWordsFigures;
  noise: FalseAccepts;
  speech: FalseAccepts;
}

/** The scores of one split of a data set of own words. */
export interface OwnWordsScores {
  labels: readonly string[];
  clips: readonly Clip[];
  /** Shape [clips, labels]. */
  probabilities: Float32Array;
}

/**
 * Scores all speech of a split.
 * @throws UserError where it has no clip of a keyword or none of anything else
 */
export async function scoreOwnWords(spotter: Spotter, data: string, split: Split): Promise<OwnWordsScores> {
  const dataset = openDataset(data, taskOfLabels(spotter.labels));
  const clips = dataset.clips.filter((clip) => clip.split === split && clip.kind === "file");
  const keywords = clips.filter(({ label }) => isKeyword(label)).length;
  if (keywords === 0 || keywords === clips.length)
    throw new UserError(`${data}: its ${split} part needs clips of the wanted words and clips of others`);
  const { probabilities } = await evaluateSpotter(spotter, [soundSet(clips, spotter.labels)]);
  return { labels: spotter.labels, clips, probabilities };
}

/** All scores together; the labels must be the same. */
export function poolScores(all: readonly OwnWordsScores[]): OwnWordsScores {
  const labels = all[0].labels;
  invariant(
    all.every((scores) => scores.labels.join() === labels.join()),
    "pooled scores have the same labels",
  );
  const probabilities = new Float32Array(all.reduce((sum, scores) => sum + scores.probabilities.length, 0));
  let at = 0;
  for (const scores of all) {
    probabilities.set(scores.probabilities, at);
    at += scores.probabilities.length;
  }
  return { labels, clips: all.flatMap(({ clips }) => clips), probabilities };
}

function tally(wrong: readonly boolean[]): Tally {
  const count = wrong.filter(Boolean).length;
  return { clips: wrong.length, wrong: count, rate: wrong.length === 0 ? 0 : count / wrong.length };
}

interface Judged {
  clip: Clip;
  wrong: boolean;
}

function judge({ labels, clips, probabilities }: OwnWordsScores, threshold: number): Judged[] {
  return clips.map((clip, row) => {
    const { label, score } = bestKeyword(probabilities, row, labels);
    const accepted = score >= threshold;
    return { clip, wrong: isKeyword(clip.label) ? !accepted || labels[label] !== clip.label : accepted };
  });
}

/** Counts of one split at a threshold. */
export function figuresAt(scores: OwnWordsScores, near: readonly NearText[], threshold: number): OwnWordsFigures {
  const texts = new Map(near.map((one) => [one.folder, one]));
  const judged = judge(scores, threshold);
  const of = (wanted: (clip: Clip) => boolean): Tally =>
    tally(judged.filter(({ clip }) => wanted(clip)).map(({ wrong }) => wrong));
  const keywords = scores.labels.filter(isKeyword);
  return {
    threshold,
    words: Object.fromEntries(keywords.map((word) => [word, of(({ label }) => label === word)])),
    missed: of(({ label }) => isKeyword(label)),
    near: of(({ word }) => texts.has(word)),
    nearTrained: of(({ word }) => texts.get(word)?.trained === true),
    nearNew: of(({ word }) => texts.get(word)?.trained === false),
    nearWords: of(({ word }) => texts.get(word)?.words === true),
    nearSounds: of(({ word }) => texts.get(word)?.words === false),
    nearByDistance: nearDistances.map(([from, below]) =>
      of(({ word }) => {
        const distance = texts.get(word)?.distance;
        return distance !== undefined && distance >= from && distance < below;
      }),
    ),
    other: of(({ label, word }) => !isKeyword(label) && !texts.has(word)),
    worst: [...texts.keys()]
      .map((text) => ({ text, ...of(({ word }) => word === text) }))
      .filter(({ wrong }) => wrong > 0)
      .toSorted((a, b) => b.rate - a.rate || b.clips - a.clips)
      .map(({ text, clips, wrong }) => ({ text, clips, wrong }))
      .slice(0, 8),
  };
}

/** Other words are common: one of them accepted weighs as much as this many near-sounding ones. */
const otherWeight = 3;

/**
 * The threshold at which the worst of three is least: share of keywords missed, share of near-sounding phrases accepted, and three times
 * the share of other words accepted. Where several do, the middle of them.
 */
export function chooseThreshold(scores: OwnWordsScores, near: readonly NearText[]): number {
  const { labels, clips, probabilities } = scores;
  const folders = new Set(near.map(({ folder }) => folder));
  const best = clips.map((_, row) => bestKeyword(probabilities, row, labels));
  // A keyword that is taken for another one is missed at any threshold.
  const keyword = clips.flatMap((clip, i) =>
    isKeyword(clip.label) ? [clip.label === labels[best[i].label] ? best[i].score : -1] : [],
  );
  const scoresOf = (wanted: boolean): number[] =>
    clips.flatMap((clip, i) => (!isKeyword(clip.label) && folders.has(clip.word) === wanted ? [best[i].score] : []));
  const [nearly, other] = [scoresOf(true), scoresOf(false)];
  const share = (list: readonly number[], accepted: (score: number) => boolean): number =>
    list.length === 0 ? 0 : list.filter(accepted).length / list.length;
  const cost = (threshold: number): number =>
    Math.max(
      share(keyword, (score) => score < threshold),
      share(nearly, (score) => score >= threshold),
      otherWeight * share(other, (score) => score >= threshold),
    );
  const candidates = [...new Set(best.map(({ score }) => Math.min(0.99, Math.max(0.01, score))))].toSorted((a, b) => a - b);
  const costs = candidates.map(cost);
  const least = Math.min(...costs);
  const equal = candidates.filter((_, i) => costs[i] === least);
  return (equal[0] + equal[equal.length - 1]) / 2;
}
