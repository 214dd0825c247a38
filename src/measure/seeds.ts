import { invariant } from "../base/errors.js";

/** One figure measured with several seeds. */
export interface SeedSummary {
  seeds: number;
  mean: number;
  /** Sample standard deviation (divided by n - 1); null for a single seed, which shows none. */
  deviation: number | null;
  lowest: number;
  highest: number;
}

/** Mean and standard deviation of one figure (an accuracy, a loss) over runs that differ only in their seed. */
export function summarizeSeeds(values: readonly number[]): SeedSummary {
  invariant(values.length > 0 && values.every(Number.isFinite), `no figures to summarize: [${values.join(", ")}]`);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    seeds: values.length,
    mean,
    deviation: values.length < 2 ? null : Math.sqrt(squares / (values.length - 1)),
    lowest: Math.min(...values),
    highest: Math.max(...values),
  };
}
