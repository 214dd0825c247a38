import { FormatError } from "../base/errors.js";

/** One line of a run's metrics.jsonl; what was not measured at that step is absent. */
export interface TrainingRecord {
  /** Optimizer steps done so far. */
  step: number;
  loss?: number;
  accuracy?: number;
  learningRate?: number;
  validationLoss?: number;
  validationAccuracy?: number;
  /** Since this call of train or resume began, seconds. */
  seconds?: number;
}

const FIGURES = ["loss", "accuracy", "learningRate", "validationLoss", "validationAccuracy", "seconds"] as const;

/**
 * Reads the text of metrics.jsonl: one JSON object a line with `step` and any figures; other fields are left out.
 * A last line without its end is dropped: that is what a stopped run leaves behind.
 * @param file name for the error message
 * @throws FormatError with the line's number
 */
export function parseTrainingLog(text: string, file: string): TrainingRecord[] {
  const lines = text.split("\n");
  const records: TrainingRecord[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.trim() === "") continue;
    const value = parseLine(line);
    if (value === undefined && index === lines.length - 1) break;
    if (value === undefined || typeof value.step !== "number" || !Number.isFinite(value.step)) {
      const remedy = "each line must be a JSON object with a number 'step'";
      throw new FormatError(file, `line ${index + 1}`, `found ${JSON.stringify(line.slice(0, 60))}`, remedy);
    }
    records.push(recordOf(value, value.step));
  }
  return records;
}

function parseLine(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** A figure that is no finite number (JSON has no NaN; a diverged run writes null) is left out. */
function recordOf(value: Record<string, unknown>, step: number): TrainingRecord {
  const record: TrainingRecord = { step };
  for (const name of FIGURES) {
    const figure = value[name];
    if (typeof figure === "number" && Number.isFinite(figure)) record[name] = figure;
  }
  return record;
}

/** Seconds of training in all, over every time that it was resumed; undefined where the log has no times. */
export function trainingSeconds(records: readonly TrainingRecord[]): number | undefined {
  const times = records.flatMap(({ seconds }) => (seconds === undefined ? [] : [seconds]));
  if (times.length === 0) return undefined;
  // Time begins anew with each resume: what stands before a step back is the time of the call before.
  return times.reduce((sum, seconds, i) => sum + (i + 1 === times.length || (times[i + 1] as number) < seconds ? seconds : 0), 0);
}
