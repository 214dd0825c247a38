import { silenceLabel, unknownLabel } from "../corpus/clip.js";
import { argmaxOfRow } from "./metrics.js";

/** The keyword with the largest probability. */
export interface BestKeyword {
  /** Index of its label. */
  label: number;
  score: number;
}

/** Whether a label is a keyword, neither silence nor other words. */
export function isKeyword(label: string): boolean {
  return label !== silenceLabel && label !== unknownLabel;
}

/**
 * The best keyword of a row of probabilities.
 * @param probabilities shape [clips, labels], row by row
 */
export function bestKeyword(probabilities: ArrayLike<number>, row: number, labels: readonly string[]): BestKeyword {
  const best = { label: -1, score: -1 };
  for (const [i, label] of labels.entries()) {
    const score = probabilities[row * labels.length + i];
    if (isKeyword(label) && score > best.score) Object.assign(best, { label: i, score });
  }
  return best;
}

/**
 * The label that a model gives: the best keyword where it reaches the threshold, else the best of the other labels. Without a threshold,
 * or without other labels, the largest probability decides.
 */
export function decide(
  probabilities: ArrayLike<number>,
  row: number,
  labels: readonly string[],
  threshold: number | undefined,
): number {
  const largest = argmaxOfRow(probabilities, row, labels.length);
  if (threshold === undefined || labels.every(isKeyword)) return largest;
  const keyword = bestKeyword(probabilities, row, labels);
  if (keyword.score >= threshold) return keyword.label;
  const score = (i: number): number => probabilities[row * labels.length + i];
  const others = [...labels.keys()].filter((i) => !isKeyword(labels[i]));
  return others.reduce((best, i) => (score(i) > score(best) ? i : best));
}
