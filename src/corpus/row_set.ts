import { FormatError } from "../base/errors.js";
import { parseJsonText } from "../base/json.js";
import { NpzFile } from "../formats/npz.js";
import { NpzWriter } from "../formats/npz_writer.js";
import type { Split } from "./clip.js";
import { type ArchiveOptions, FeatureArchive } from "./feature_archive.js";

/** What a data set of rows says about itself, as ELL's make_dataset writes it. */
export interface RowSetDescription {
  /** Hz. */
  readonly rate: number;
  /** Samples from one frame to the next. */
  readonly hop: number;
  /** Values of a frame. */
  readonly bins: number;
  /** Frames of a row, and from one row to the next. */
  readonly window: number;
  readonly shift: number;
  /** Labels in the order of their indices. */
  readonly classes: readonly string[];
  /** The front end that made the rows; null where the file does not say. */
  readonly frontend: unknown;
}

/** A data set of rows: what it is, and the label of each row. */
export interface RowSet extends RowSetDescription {
  readonly path: string;
  readonly labels: readonly string[];
}

/** Which split a data set is, by the name of its file. */
const names: Readonly<Record<Split, string>> = {
  training: "training_list.npz",
  validation: "validation_list.npz",
  testing: "testing_list.npz",
};

/** Most bytes of labels: a million rows with labels of 64 letters. */
const mostLabelBytes = 256 << 20;
const mostBytes = 16 << 20;

/** Name of the file of a split. */
export function rowSetName(split: Split): string {
  return names[split];
}

/** Whether a path is called as a data set of rows. */
export function isRowSet(path: string): boolean {
  return path.toLowerCase().endsWith(".npz");
}

/**
 * Reads what a data set of rows is; not the rows.
 * @throws UserError where it cannot be read, FormatError where its arrays do not fit together
 */
export function readRowSet(path: string): RowSet {
  const file = new NpzFile(path);
  try {
    return describe(file);
  } finally {
    file.close();
  }
}

function describe(file: NpzFile): RowSet {
  const fault = (place: string, found: string): FormatError =>
    new FormatError(file.path, place, found, "give a data set that make_dataset has written");
  const { shape } = file.header("features");
  const parameters = Array.from(file.array("parameters", 1024).data as ArrayLike<number | bigint>, Number);
  const [rate, hop, bins, window, shift] = parameters as [number, number, number, number, number];
  if (parameters.length !== 5 || !parameters.every((value) => Number.isSafeInteger(value) && value > 0))
    throw fault("parameters", `${parameters.slice(0, 8).join(", ")} instead of five whole numbers`);
  if (shape.length !== 2 || shape[1] !== window * bins)
    throw fault("features", `shape (${shape.join(", ")}), and rows have ${window} x ${bins} values`);
  const labels = file.texts("labels", mostLabelBytes);
  if (labels.length !== shape[0]) throw fault("labels", `${labels.length} labels of ${shape[0]} rows`);
  const classes = file.texts("valid_classes", mostBytes);
  const text = file.names.includes("frontend.npy") ? (file.texts("frontend", mostBytes)[0] ?? "null") : "null";
  const frontend = parseJsonText(text, `${file.path}: frontend.npy`, "write one JSON object, or leave the array out");
  return { path: file.path, rate, hop, bins, window, shift, classes, frontend, labels };
}

/**
 * Opens the rows as arrays [window, bins]; all are of the split "training", whatever the file is called.
 * @throws as `readRowSet`
 */
export function openRowArchive(path: string, options: ArchiveOptions = {}): FeatureArchive {
  const file = new NpzFile(path);
  try {
    const { window, bins, labels, classes, frontend } = describe(file);
    const found = file.header("features");
    const header = { ...found, shape: [found.shape[0] as number, window, bins] };
    if (header.elements === 0) throw new FormatError(path, "features", "no rows", "make it from a list that names recordings");
    const rows = labels.map((word, index) => ({ index, word, name: "", split: "training" as const }));
    const description = { frontend, labels: [...classes], scale: 1, offset: 0 };
    return new FeatureArchive({ root: path, file: path, descriptor: file.descriptor, header, rows, description }, options);
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Writes a data set of rows, one row after another. It appears under its name only when `close` has returned. */
export class RowSetWriter {
  readonly #writer: NpzWriter;
  readonly #description: RowSetDescription;
  readonly #labels: string[] = [];

  /** @throws UserError where the file cannot be written */
  constructor(path: string, description: RowSetDescription) {
    this.#writer = new NpzWriter(path);
    this.#description = description;
    this.#writer.beginRows("features", "f64", description.window * description.bins);
  }

  /** Rows written so far. */
  get rows(): number {
    return this.#labels.length;
  }

  /** Appends a row [window * bins]. */
  append(label: string, row: Float32Array): void {
    this.#writer.row(row);
    this.#labels.push(label);
  }

  close(): void {
    const { rate, hop, bins, window, shift, classes, frontend } = this.#description;
    this.#writer.texts("labels", this.#labels);
    this.#writer.texts("valid_classes", classes);
    this.#writer.array("parameters", "i64", [5], BigInt64Array.from([rate, hop, bins, window, shift], BigInt));
    // Beyond what the original writes: without it the rows could not be computed again from sound.
    if (frontend !== null) this.#writer.texts("frontend", [JSON.stringify(frontend)], true);
    this.#writer.close();
  }

  /** Gives up: removes what was written. */
  abort(): void {
    this.#writer.abort();
  }
}
