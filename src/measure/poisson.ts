import { invariant } from "../base/errors.js";

/** P(X <= count) for a Poisson variable of a mean. */
function cumulative(count: number, mean: number): number {
  // In logarithms: terms of large means are below the smallest number.
  let [logTerm, largest] = [-mean, -mean];
  const logs = [logTerm];
  for (let k = 1; k <= count; k++) {
    logTerm += Math.log(mean) - Math.log(k);
    logs.push(logTerm);
    largest = Math.max(largest, logTerm);
  }
  return Math.exp(largest) * logs.reduce((sum, log) => sum + Math.exp(log - largest), 0);
}

/** The mean at which a probability that falls with it is `wanted`. */
function meanWith(probability: (mean: number) => number, wanted: number, highest: number): number {
  let [low, high] = [0, highest];
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (probability(middle) > wanted) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * Exact interval of a Poisson mean from one count (F. Garwood, Fiducial limits for the Poisson distribution, 1936).
 * @param level share of cases in which the interval holds the mean; default 0.95, half of the rest on each side
 */
export function poissonInterval(count: number, level = 0.95): [low: number, high: number] {
  invariant(Number.isInteger(count) && count >= 0, `${count} is no count`);
  const outside = (1 - level) / 2;
  const highest = count + 20 * Math.sqrt(count + 1) + 20;
  const low = count === 0 ? 0 : meanWith((mean) => cumulative(count - 1, mean), 1 - outside, highest);
  return [low, meanWith((mean) => cumulative(count, mean), outside, highest)];
}
