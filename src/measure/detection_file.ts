import * as v from "valibot";
import { FormatError } from "../base/errors.js";
import { parseJsonText } from "../base/json.js";
import { readBounded } from "../base/read_file.js";
import { writeFileSafely } from "../formats/write_file.js";

/** What `evaluate --stream` measured, as it lies in a run's folder. */
export const DETECTION_FILE = "detection.json";

const longestFile = 16 << 20;
const positive = v.pipe(v.number(), v.finite(), v.minValue(0));
const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const schema = v.object({
  model: v.pipe(v.string(), v.maxLength(10_000)),
  recording: v.pipe(v.string(), v.maxLength(10_000)),
  date: v.string(),
  threshold: v.optional(fraction),
  events: positive,
  misses: positive,
  missRate: fraction,
  falseAccepts: positive,
  hours: positive,
  falseAcceptsPerHour: positive,
  falseAcceptInterval: v.tuple([positive, positive]),
  latency: v.optional(v.object({ median: v.number(), p95: v.number() })),
  curve: v.pipe(
    v.array(v.object({ threshold: positive, falseAcceptsPerHour: positive, missRate: fraction })),
    v.maxLength(10_000),
  ),
});

/** A measurement on a long recording. */
export type DetectionRecord = v.InferOutput<typeof schema>;

/** Writes the record, whole or not at all. */
export async function writeDetectionFile(path: string, record: DetectionRecord): Promise<void> {
  await writeFileSafely(path, Buffer.from(`${JSON.stringify(v.parse(schema, record))}\n`));
}

/** Reads a record. Throws FormatError where the file is none. */
export async function readDetectionFile(path: string): Promise<DetectionRecord> {
  const remedy = "write it again with 'earshot evaluate MODEL --stream LONG.wav --truth T.json --out RUN'";
  const text = new TextDecoder().decode(await readBounded(path, longestFile, remedy));
  const parsed = v.safeParse(schema, parseJsonText(text, path, remedy), { abortEarly: true });
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new FormatError(path, v.getDotPath(issue) ?? "top level", issue.message, remedy);
}
