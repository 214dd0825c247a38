import { readFileSync, statSync } from "node:fs";
import { FormatError } from "../base/errors.js";
import type { Split } from "./clip.js";
import { splits } from "./clip.js";

/** One array of a feature archive. */
export interface ArchiveRow {
  /** Place of the array in features.npy. */
  index: number;
  /** Lower case. */
  word: string;
  /** Name of the clip it was computed from, without folder or ending; may be empty. */
  name: string;
  split: Split;
}

const largestIndex = 256 << 20;
const columns = ["index", "word", "name", "split"] as const;

/**
 * Reads the index of an archive: CSV with a head line and the columns index, word, name, split in any order.
 * @param count number of arrays in the archive
 * @throws FormatError with the line
 */
export function readArchiveIndex(file: string, count: number): ArchiveRow[] {
  const { size } = statSync(file);
  if (size > largestIndex) throw new FormatError(file, "size", `${size} bytes`, "an index may have 256 MB");
  return parseArchiveIndex(readFileSync(file, "utf8"), file, count);
}

/** `readArchiveIndex` on the text of the file. */
export function parseArchiveIndex(text: string, file: string, count: number): ArchiveRow[] {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const head = splitCsvLine(lines[0] ?? "").map((name) => name.trim());
  const places = columns.map((name) => head.indexOf(name));
  const missing = columns.filter((_name, i) => places[i] < 0);
  if (missing.length > 0)
    throw new FormatError(file, "line 1", `no column '${missing.join("', '")}'`, "the head line is index,word,name,split");
  const seen = new Uint8Array(count);
  const rows: ArchiveRow[] = [];
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i] as string;
    if (line.trim() === "") continue;
    const fields = splitCsvLine(line);
    const row = parseRow(
      places.map((place) => fields[place]),
      file,
      i + 1,
      count,
    );
    if (seen[row.index] === 1)
      throw new FormatError(file, `line ${i + 1}`, `array ${row.index} stands twice`, "every array has one line");
    seen[row.index] = 1;
    rows.push(row);
  }
  return rows;
}

/** The text of an index. */
export function formatArchiveIndex(rows: readonly ArchiveRow[]): string {
  const lines = rows.map((row) => [String(row.index), row.word, row.name, row.split].map(quote).join(","));
  return `${[columns.join(","), ...lines].join("\n")}\n`;
}

function parseRow(fields: (string | undefined)[], file: string, line: number, count: number): ArchiveRow {
  const [index, word, name, split] = fields;
  const wrong = (found: string) =>
    new FormatError(file, `line ${line}`, found, "expected index,word,name,split such as 0,yes,0165e0e8_nohash_0,training");
  if (index === undefined || word === undefined || name === undefined || split === undefined) throw wrong("too few columns");
  const number = /^\d{1,15}$/.test(index.trim()) ? Number(index) : -1;
  if (number < 0 || number >= count) throw wrong(`index ${JSON.stringify(index.slice(0, 30))} of ${count} arrays`);
  if (word.trim() === "") throw wrong("no word");
  if (!splits.includes(split.trim() as Split))
    throw wrong(`split ${JSON.stringify(split.slice(0, 30))}, not training, validation or testing`);
  return { index: number, word: word.trim().toLowerCase(), name: name.trim(), split: split.trim() as Split };
}

/** Fields of a line, quoted as in RFC 4180 where needed; line breaks inside quotes are not supported. */
function splitCsvLine(line: string): string[] {
  if (!line.includes('"')) return line.split(",");
  const fields: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^,]*))(,|$)/y;
  for (;;) {
    const match = field.exec(line);
    if (match === null) return [];
    fields.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
    if (match[3] === "") return fields;
  }
}

function quote(field: string): string {
  const flat = field.replace(/[\r\n]+/g, " ");
  return /[",]/.test(flat) ? `"${flat.replaceAll('"', '""')}"` : flat;
}
