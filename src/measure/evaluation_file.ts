import { open } from "node:fs/promises";
import { resolve } from "node:path";
import * as v from "valibot";
import { FormatError } from "../base/errors.js";
import { writeFileSafely } from "../formats/write_file.js";
import type { Decisions } from "./decisions.js";
import { parseJsonText } from "../base/json.js";
import { type Evaluation, evaluationOfConfusion } from "./metrics.js";

/** A wrongly labelled clip as it is kept in a run's folder. */
export interface RecordedMistake {
  /** Path of the sound, absolute or relative to the data set's folder. */
  path: string;
  /** Start and end within the file, seconds; the whole file where absent. */
  start?: number;
  end?: number;
  truth: string;
  predicted: string;
  /** Probability of the label given. */
  score: number;
  /** Probability of the true label. */
  truthScore: number;
}

/** How long a training took. */
export interface TrainingTime {
  seconds: number;
  /** Step from which the last call went on; 0 where the training was not interrupted. */
  from: number;
}

/** A run's evaluation.json: what `evaluate` measured, so that `report` need not measure again. */
export interface EvaluationRecord {
  /** Name of the network or of the model file. */
  model: string;
  parameters?: number;
  multiplyAccumulates?: number;
  /** Size of the model file in bytes. */
  bytes?: number;
  /** Folder of the data set. */
  data: string;
  split: string;
  seed?: number;
  training?: TrainingTime;
  /** ISO 8601. */
  date: string;
  versions: Record<string, string>;
  evaluation: Evaluation;
  /** Most confident first. */
  mistakes: RecordedMistake[];
  /** Which clips were heard right; absent in files of before 0.2. */
  decisions?: Decisions;
  notes?: string[];
}

/** What a report shows of a text; longer ones come from no data set. */
const LONGEST_LABEL = 1000;
const LONGEST_TEXT = 10_000;
/** An evaluation of thousands of labels would be no keyword spotter's; the bound keeps a wrong file from filling the memory. */
const MAX_BYTES = 64 * 1024 * 1024;

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const text = v.pipe(v.string(), v.maxLength(LONGEST_TEXT));
const label = v.pipe(v.string(), v.maxLength(LONGEST_LABEL));
const mistake = v.object({
  path: text,
  start: v.optional(v.number()),
  end: v.optional(v.number()),
  truth: label,
  predicted: label,
  score: fraction,
  truthScore: fraction,
});
const schema = v.object({
  model: text,
  parameters: v.optional(count),
  multiplyAccumulates: v.optional(count),
  bytes: v.optional(count),
  data: text,
  split: text,
  seed: v.optional(v.number()),
  training: v.optional(v.object({ seconds: v.pipe(v.number(), v.minValue(0)), from: count })),
  date: text,
  versions: v.record(text, text),
  evaluation: v.object({
    labels: v.pipe(v.array(label), v.minLength(1)),
    confusion: v.array(v.array(count)),
    loss: v.optional(v.number()),
  }),
  mistakes: v.array(mistake),
  decisions: v.optional(
    v.object({
      clips: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
      right: v.pipe(v.string(), v.regex(/^[A-Za-z0-9+/]*={0,2}$/)),
    }),
  ),
  notes: v.optional(v.array(text)),
});

/** What was measured as the record that is kept of it; paths become absolute. */
export function recordOfEvaluation(
  where: Pick<EvaluationRecord, "model" | "data" | "split" | "versions"> & Partial<EvaluationRecord>,
  measured: { evaluation: Evaluation; mistakes: readonly RecordedMistake[]; decisions: Decisions },
): EvaluationRecord {
  const { evaluation, mistakes, decisions } = measured;
  const date = new Date().toISOString();
  const absolute = mistakes.map((item) => ({ ...item, path: resolve(item.path) }));
  return { ...where, date, evaluation, mistakes: absolute, decisions };
}

/** Writes the record, whole or not at all. */
export async function writeEvaluationFile(path: string, record: EvaluationRecord): Promise<void> {
  await writeFileSafely(path, Buffer.from(`${JSON.stringify(record)}\n`));
}

/**
 * Reads an evaluation.json. Accuracy, interval and the figures of each label are computed anew from the counts.
 * @throws FormatError where it is no such file
 */
export async function readEvaluationFile(path: string): Promise<EvaluationRecord> {
  const remedy = "write it again with 'earshot evaluate'";
  const parsed = v.safeParse(schema, parseJsonText(await readBounded(path), path, remedy));
  if (!parsed.success) {
    const issue = parsed.issues[0];
    throw new FormatError(path, v.getDotPath(issue) ?? "top level", foundBy(issue), remedy);
  }
  const { evaluation: counts, ...rest } = parsed.output;
  const width = counts.labels.length;
  if (counts.confusion.length !== width || counts.confusion.some((row) => row.length !== width)) {
    throw new FormatError(path, "evaluation.confusion", `not ${width} rows of ${width} counts as there are labels`, remedy);
  }
  const evaluation = evaluationOfConfusion(counts.confusion, counts.labels);
  if (rest.decisions !== undefined && Buffer.byteLength(rest.decisions.right, "base64") !== Math.ceil(evaluation.clips / 8)) {
    throw new FormatError(path, "decisions.right", `not one bit for each of ${evaluation.clips} clips`, remedy);
  }
  if (counts.loss !== undefined) evaluation.loss = counts.loss;
  return { ...rest, evaluation };
}

function foundBy({ received, message }: v.BaseIssue<unknown>): string {
  return received === "undefined" ? "is missing" : message;
}

async function readBounded(path: string): Promise<string> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    if (size > MAX_BYTES) throw new FormatError(path, "byte 0", `the file has ${size} bytes`, "an evaluation has some kilobytes");
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}
