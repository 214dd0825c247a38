import { invariant } from "../base/errors.js";

/** Two-sided 95 % quantile of the standard normal distribution. */
const Z_95 = 1.959963984540054;

/**
 * Interval of a proportion (E. B. Wilson, Probable inference, 1927, without continuity correction).
 * @param successes count, at most `trials`
 * @param z quantile of the normal distribution; 1.96 gives 95 %
 * @returns fractions within [0, 1]; the whole of it where there were no trials
 */
export function wilsonInterval(successes: number, trials: number, z: number = Z_95): [low: number, high: number] {
  invariant(successes >= 0 && successes <= trials, `${successes} successes in ${trials} trials`);
  if (trials === 0) return [0, 1];
  const fraction = successes / trials;
  const shrink = 1 + (z * z) / trials;
  const centre = (fraction + (z * z) / (2 * trials)) / shrink;
  const half = (z / shrink) * Math.sqrt((fraction * (1 - fraction)) / trials + (z * z) / (4 * trials * trials));
  return [successes === 0 ? 0 : Math.max(0, centre - half), successes === trials ? 1 : Math.min(1, centre + half)];
}
