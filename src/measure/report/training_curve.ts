import type { TrainingRecord } from "../training_log.js";

/** A figure of the log by step, in rising steps. */
export function curveOf(
  records: readonly TrainingRecord[],
  figure: Exclude<keyof TrainingRecord, "step">,
): [step: number, value: number][] {
  const points: [number, number][] = [];
  for (const record of records) {
    const value = record[figure];
    if (value !== undefined) points.push([record.step, value]);
  }
  // A resumed run may have written some steps twice: the later line is the one that counts.
  return [...new Map(points)].toSorted(([a], [b]) => a - b);
}

/** The best validation and its step; undefined where there was none. */
export function bestValidation(records: readonly TrainingRecord[]): { step: number; accuracy: number } | undefined {
  const validated = curveOf(records, "validationAccuracy");
  if (validated.length === 0) return undefined;
  const [step, accuracy] = validated.reduce((a, b) => (b[1] > a[1] ? b : a));
  return { step, accuracy };
}
