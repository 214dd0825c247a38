import { basename } from "node:path";
import * as v from "valibot";
import { FormatError } from "../base/errors.js";
import { parseJsonText } from "../base/json.js";
import { readBounded } from "../base/read_file.js";

/** A stretch of a long recording. */
export interface TruthWindow {
  /** Seconds. */
  start: number;
  end: number;
  /** Keyword that is said in it; absent where the file does not name it: then any keyword is right. */
  label?: string | undefined;
}

/** What is said in a long recording. */
export interface Truth {
  /** Keywords, by start. */
  events: TruthWindow[];
  /** Stretches in which a detection of the label is neither right nor wrong: it is said somewhere in them. */
  ignored: TruthWindow[];
}

const longestFile = 64 << 20;
const seconds = v.pipe(v.number(), v.finite(), v.minValue(0));
const span = v.tuple([seconds, seconds]);
const label = v.pipe(v.string(), v.maxLength(1000));
/** MLPerf Tiny's truth file; `labels` and `ignored` are ours. */
const schema = v.pipe(
  v.array(
    v.object({
      wav_file: v.string(),
      sample_rate: v.optional(v.number()),
      length_sec: v.optional(seconds),
      detection_windows: v.array(span),
      labels: v.optional(v.array(label)),
      ignored: v.optional(v.array(v.tuple([seconds, seconds, label]))),
    }),
  ),
  v.minLength(1),
);

/** One recording of a truth file, as it stands there. */
export type TruthEntry = v.InferOutput<typeof schema>[number];

/**
 * Reads a truth file: ours, which `earshot data long` writes, or one of MLPerf Tiny, which is the same without labels.
 * @param recording path of the recording; where the file tells of several, the one of this name is taken
 * @throws FormatError
 */
export async function readTruth(path: string, recording: string): Promise<Truth> {
  const remedy = 'write a list of {"wav_file": "NAME.wav", "detection_windows": [[start, end], ...], "labels": ["yes", ...]}';
  const bytes = await readBounded(path, longestFile, remedy);
  const parsed = v.safeParse(schema, parseJsonText(new TextDecoder().decode(bytes), path, remedy), { abortEarly: true });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new FormatError(path, v.getDotPath(issue) ?? "top level", issue.message, remedy);
  }
  const entries = parsed.output;
  const stem = (file: string): string => basename(file).replace(/\.[^.]*$/, "");
  const entry = entries.find((one) => stem(one.wav_file) === stem(recording)) ?? (entries.length === 1 ? entries[0] : undefined);
  if (entry === undefined)
    throw new FormatError(
      path,
      "wav_file",
      `no recording ${basename(recording)}`,
      `it tells of ${entries
        .map((one) => one.wav_file)
        .slice(0, 5)
        .join(", ")}`,
    );
  return truthOf(entry, path, remedy);
}

function truthOf({ detection_windows: windows, labels, ignored = [] }: TruthEntry, path: string, remedy: string): Truth {
  if (labels !== undefined && labels.length !== windows.length)
    throw new FormatError(path, "labels", `${labels.length} labels of ${windows.length} windows`, remedy);
  const wrong = [...windows, ...ignored].find(([start, end]) => end < start);
  if (wrong !== undefined)
    throw new FormatError(path, "detection_windows", `a window from ${wrong[0]} s to ${wrong[1]} s`, remedy);
  const events = windows.map(([start, end], i) => ({ start, end, label: labels?.[i] }));
  return {
    events: events.toSorted((a, b) => a.start - b.start),
    ignored: ignored.map(([start, end, name]) => ({ start, end, label: name })),
  };
}
