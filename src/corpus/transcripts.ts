import { basename } from "node:path";
import { FormatError } from "../base/errors.js";
import { readBounded } from "../base/read_file.js";

/** What is said in a stretch of a recording. */
export interface Utterance {
  /** Seconds. */
  start: number;
  end: number;
  /** Lower case. */
  words: ReadonlySet<string>;
}

const longestFile = 64 << 20;
const remedy = "write lines of file,start_s,end_s,utterance,transcript";

/**
 * Reads transcripts: CSV with the columns file, start_s, end_s and transcript, without quotes.
 * @returns utterances by the name of their file
 * @throws FormatError
 */
export async function readTranscripts(path: string): Promise<Map<string, Utterance[]>> {
  const text = new TextDecoder().decode(await readBounded(path, longestFile, remedy));
  const [head = "", ...lines] = text.split(/\r?\n/).filter((line) => line !== "");
  const columns = head.split(",");
  const [file, start, end, transcript] = ["file", "start_s", "end_s", "transcript"].map((name) => {
    const at = columns.indexOf(name);
    if (at < 0) throw new FormatError(path, "line 1", `no column ${name}`, remedy);
    return at;
  });
  const found = new Map<string, Utterance[]>();
  for (const [i, line] of lines.entries()) {
    const cells = line.split(",");
    const [from, to] = [Number(cells[start]), Number(cells[end])];
    if (cells.length < columns.length || !(from >= 0) || !(to >= from))
      throw new FormatError(path, `line ${i + 2}`, line.slice(0, 80), remedy);
    const name = basename(cells[file]);
    const words = new Set(cells[transcript].toLowerCase().split(/\s+/));
    const known = found.get(name);
    if (known === undefined) found.set(name, [{ start: from, end: to, words }]);
    else known.push({ start: from, end: to, words });
  }
  return found;
}
