import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { invariant, UserError } from "../base/errors.js";
import { makeFolderSync } from "../base/make_folder.js";
import { unwritable } from "../base/system_error.js";
import { encodeNpyHeader, npyItemBytes } from "../formats/npy.js";
import type { ArchiveRow } from "./archive_index.js";
import { formatArchiveIndex } from "./archive_index.js";

/** What a new archive holds. */
export interface ArchiveWriterOptions {
  /** Shape of one array, mostly [frames, features]. */
  itemShape: readonly number[];
  /** How elements are stored. Default "f32"; u8 and i8 are rounded and limited. */
  type?: "f32" | "u8" | "i8" | undefined;
  /** Parameters of the front end, as JSON. */
  frontend: unknown;
  /** Labels of the data set. */
  labels?: readonly string[] | undefined;
  /** A stored value v means v * scale + offset. Default 1 and 0. */
  scale?: number | undefined;
  offset?: number | undefined;
  /** Whether an archive that is there is replaced. Default false. */
  replace?: boolean | undefined;
}

const headerBytes = 128;
const bufferBytes = 1 << 20;

/** Appends arrays to a new archive. The archive appears under its name only when `close` has returned. */
export class ArchiveWriter {
  readonly #root: string;
  readonly #options: ArchiveWriterOptions;
  readonly #type: "f32" | "u8" | "i8";
  readonly #itemLength: number;
  readonly #itemBytes: number;
  readonly #descriptor: number;
  readonly #buffer: Buffer;
  readonly #rows: ArchiveRow[] = [];
  #filled = 0;
  #position = headerBytes;

  /** @throws UserError where the folder cannot be written or has an archive already */
  constructor(root: string, options: ArchiveWriterOptions) {
    this.#root = root;
    this.#options = options;
    this.#type = options.type ?? "f32";
    this.#itemLength = options.itemShape.reduce((product, size) => product * size, 1);
    invariant(this.#itemLength > 0, "an array of an archive has no elements");
    this.#itemBytes = this.#itemLength * npyItemBytes(this.#type);
    if (options.replace !== true && existsSync(join(root, "features.npy"))) {
      throw new UserError(`${root}: there is a feature archive already; choose another folder, or remove this one`);
    }
    this.#buffer = Buffer.alloc(Math.max(bufferBytes, this.#itemBytes));
    try {
      makeFolderSync(root);
      this.#descriptor = openSync(this.#path("features.npy", true), "w");
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** Number of arrays appended. */
  get count(): number {
    return this.#rows.length;
  }

  /**
   * Appends one array.
   * @param row what it is; its place is the next one
   * @param values shape itemShape, numbers before scale and offset are taken out
   */
  append(row: Omit<ArchiveRow, "index">, values: Float32Array): void {
    invariant(values.length === this.#itemLength, `an array of ${values.length} elements in an archive of ${this.#itemLength}`);
    if (this.#filled + this.#itemBytes > this.#buffer.length) this.#flush();
    this.#encode(values);
    this.#filled += this.#itemBytes;
    this.#rows.push({ index: this.#rows.length, word: row.word, name: row.name, split: row.split });
  }

  /** Writes what is left, then gives the files their names. */
  close(): void {
    try {
      this.#flush();
      writeSync(
        this.#descriptor,
        encodeNpyHeader(this.#type, [this.#rows.length, ...this.#options.itemShape], headerBytes),
        0,
        headerBytes,
        0,
      );
      fsyncSync(this.#descriptor);
      closeSync(this.#descriptor);
      const { itemShape, frontend, labels, scale = 1, offset = 0 } = this.#options;
      const description = {
        format: "earshot features",
        version: 1,
        count: this.#rows.length,
        shape: itemShape,
        type: this.#type,
        scale,
        offset,
        labels: labels ?? null,
        frontend,
      };
      writeFileSync(this.#path("index.csv", true), formatArchiveIndex(this.#rows));
      writeFileSync(this.#path("features.json", true), `${JSON.stringify(description, null, 2)}\n`);
      for (const name of ["index.csv", "features.json", "features.npy"])
        renameSync(this.#path(name, true), this.#path(name, false));
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** Gives up: removes what was written. */
  abort(): void {
    closeSync(this.#descriptor);
    for (const name of ["index.csv", "features.json", "features.npy"]) rmSync(this.#path(name, true), { force: true });
  }

  #encode(values: Float32Array): void {
    const { scale = 1, offset = 0 } = this.#options;
    const [lowest, highest] = this.#type === "u8" ? [0, 255] : [-128, 127];
    const inverse = 1 / scale;
    for (let i = 0; i < values.length; i++) {
      const value = (values[i] - offset) * inverse;
      if (this.#type === "f32") this.#buffer.writeFloatLE(value, this.#filled + 4 * i);
      else this.#buffer[this.#filled + i] = Math.min(highest, Math.max(lowest, Math.round(value)));
    }
  }

  #flush(): void {
    try {
      for (let done = 0; done < this.#filled; )
        done += writeSync(this.#descriptor, this.#buffer, done, this.#filled - done, this.#position + done);
    } catch (error) {
      throw this.#failed(error);
    }
    this.#position += this.#filled;
    this.#filled = 0;
  }

  #path(name: string, partial: boolean): string {
    return join(this.#root, partial ? `${name}.partial` : name);
  }

  #failed(error: unknown): UserError {
    if (error instanceof UserError) return error;
    return unwritable(this.#root, error);
  }
}
