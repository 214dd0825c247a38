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
}

const FIGURES = ["loss", "accuracy", "learningRate", "validationLoss", "validationAccuracy"] as const;

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
