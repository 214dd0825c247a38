import { invariant } from "../base/errors.js";

/** Whether two models that judged the same clips differ by more than chance. */
export interface McNemarResult {
  /** Clips that only the first model got right. */
  onlyFirst: number;
  /** Clips that only the second model got right. */
  onlySecond: number;
  /** Two-sided exact probability of a split at least this uneven if both models were equally good. */
  probability: number;
}

/**
 * McNemar's test in its exact form (binomial over the clips on which exactly one model is right).
 * @param truth, first, second label indices of the same clips in the same order
 */
export function mcnemarTest(truth: ArrayLike<number>, first: ArrayLike<number>, second: ArrayLike<number>): McNemarResult {
  invariant(truth.length === first.length && truth.length === second.length, "two models must judge the same clips");
  let onlyFirst = 0;
  let onlySecond = 0;
  for (let clip = 0; clip < truth.length; clip++) {
    const a = first[clip] === truth[clip];
    const b = second[clip] === truth[clip];
    if (a && !b) onlyFirst++;
    if (b && !a) onlySecond++;
  }
  return { onlyFirst, onlySecond, probability: exactProbability(onlyFirst, onlySecond) };
}

/** min(1, 2 P(X <= min)) with X binomial(n, 1/2), summed from logarithms so that thousands of clips do not overflow. */
function exactProbability(a: number, b: number): number {
  const n = a + b;
  let logTerm = -n * Math.LN2;
  let sum = Math.exp(logTerm);
  for (let k = 1; k <= Math.min(a, b); k++) {
    logTerm += Math.log((n - k + 1) / k);
    sum += Math.exp(logTerm);
  }
  return Math.min(1, 2 * sum);
}
