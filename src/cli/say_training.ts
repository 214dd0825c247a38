import { formatSeconds } from "../base/progress.js";
import type { TrainingOutcome } from "../train/training_outcome.js";

/** Steps and speed of a training, or of what it did since it went on. */
export function sayTraining({ steps, resumedFrom, seconds, examplesPerSecond, origin }: TrainingOutcome): string {
  if (resumedFrom === steps) return `${steps} steps before`;
  const since = resumedFrom === 0 ? "" : ` after ${resumedFrom} before`;
  return `${steps - resumedFrom} steps${since} in ${formatSeconds(seconds)} (${examplesPerSecond.toFixed(0)} examples/s, ${origin.target})`;
}
