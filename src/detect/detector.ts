import { UsageError } from "../base/errors.js";
import { nearest } from "../base/nearest.js";
import { silenceLabel, unknownLabel } from "../corpus/clip.js";
import type { Posteriors } from "./posteriors.js";
import { Smoother } from "./smoother.js";

/** A keyword that was heard. */
export interface Detection {
  /** Seconds from the sound's begin at which the score reached the threshold. */
  time: number;
  label: string;
  /** Smoothed probability at that moment. */
  score: number;
}

/** When a keyword counts as heard. */
export interface DetectionRule {
  /** Smoothed probability from which on, by label; labels without one are never heard. */
  thresholds: ReadonlyMap<string, number>;
  /** Seconds over which probabilities are averaged; 0: not at all. */
  smoothing: number;
  /** Seconds after a detection in which there is no other. */
  refractory: number;
}

/** Probabilities after smoothing. */
export interface SmoothedScores extends Posteriors {
  /** Label that is nearest to its threshold, or furthest above it, among those that can be heard; -1 where none can. */
  best: number;
}

/** Turns probabilities at every hop into keywords heard. Memory is that of the smoothing window. */
export class Detector {
  readonly #labels: readonly string[];
  readonly #thresholds: Float64Array;
  readonly #refractory: number;
  readonly #smoother: Smoother;
  #free = -Infinity;

  /** @param hop seconds between two posteriors */
  constructor(labels: readonly string[], hop: number, { thresholds, smoothing, refractory }: DetectionRule) {
    this.#labels = labels;
    this.#thresholds = Float64Array.from(labels, (label) => thresholds.get(label) ?? Infinity);
    this.#refractory = refractory;
    this.#smoother = new Smoother(Math.max(1, Math.round(smoothing / hop)), labels.length);
  }

  /** The smoothed scores of a moment, and the keyword heard in it. */
  push({ time, scores }: Posteriors): { smoothed: SmoothedScores; detection: Detection | undefined } {
    const mean = this.#smoother.push(scores);
    const best = this.#best(mean);
    const smoothed = { time, scores: mean, best };
    // Times are multiples of the hop; half a nanosecond absorbs their rounding.
    if (best < 0 || mean[best] < this.#thresholds[best] || time < this.#free - 5e-10) return { smoothed, detection: undefined };
    this.#free = time + this.#refractory;
    return { smoothed, detection: { time, label: this.#labels[best], score: mean[best] } };
  }

  #best(scores: Float32Array): number {
    let best = -1;
    for (let i = 0; i < scores.length; i++) {
      if (this.#thresholds[i] === Infinity) continue;
      if (best < 0 || scores[i] - this.#thresholds[i] > scores[best] - this.#thresholds[best]) best = i;
    }
    return best;
  }
}

/** Labels that can be heard: all but silence and other words, or those that are named. Throws UsageError for an unknown name. */
export function keywordsOf(labels: readonly string[], named?: readonly string[]): string[] {
  for (const name of named ?? []) checkLabel(name, labels);
  return named === undefined ? labels.filter((label) => label !== silenceLabel && label !== unknownLabel) : [...named];
}

/**
 * One threshold for all keywords, with others for single ones.
 * @throws UsageError for a label that the model does not have
 */
export function thresholdsFor(
  keywords: readonly string[],
  common: number,
  single: ReadonlyMap<string, number> = new Map(),
): Map<string, number> {
  for (const label of single.keys()) checkLabel(label, keywords);
  return new Map(keywords.map((label) => [label, single.get(label) ?? common]));
}

function checkLabel(label: string, labels: readonly string[]): void {
  if (labels.includes(label)) return;
  const close = nearest(label, [...labels]);
  throw new UsageError(
    `the model has no keyword '${label}'${close === undefined ? "" : `; did you mean '${close}'?`} (${labels.join(", ")})`,
  );
}
