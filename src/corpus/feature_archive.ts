import { closeSync } from "node:fs";
import { UserError } from "../base/errors.js";
import type { NpyHeader, NpyType } from "../formats/npy.js";
import { halfToNumber, viewNpy } from "../formats/npy.js";
import type { ArchiveRow } from "./archive_index.js";
import { BlockCache } from "./block_cache.js";

/** features.json: what the arrays of an archive are. */
export interface ArchiveDescription {
  /** Parameters of the front end that made the arrays; null where unknown. */
  frontend: unknown;
  /** Labels of the data set that was featurized; null where unknown. */
  labels: string[] | null;
  /** A stored value v means v * scale + offset. Default 1 and 0. */
  scale: number;
  offset: number;
}

/** How an archive is opened. */
export interface ArchiveOptions {
  /** Most bytes of arrays held in memory. Default 64 MB. */
  cacheBytes?: number | undefined;
  /** Bytes read at once, rounded to whole arrays. Default 16 KB: random access reads little that it does not use. */
  blockBytes?: number | undefined;
}

/** A file of arrays that has been opened, and what was read about them. */
export interface OpenedArrays {
  /** Folder or file that the archive is called by. */
  readonly root: string;
  /** The file of the arrays. */
  readonly file: string;
  readonly descriptor: number;
  /** Shape [clips, ...]. */
  readonly header: NpyHeader;
  readonly rows: readonly ArchiveRow[];
  readonly description: ArchiveDescription;
}

/** An open feature archive: arrays of one shape, read in blocks through a bounded cache. */
export class FeatureArchive {
  /** The folder. */
  readonly root: string;
  /** Number of arrays. */
  readonly count: number;
  /** Shape of one array, mostly [frames, features]. */
  readonly itemShape: readonly number[];
  /** Elements of one array. */
  readonly itemLength: number;
  /** Type of the stored elements. */
  readonly type: NpyType;
  readonly rows: readonly ArchiveRow[];
  readonly description: ArchiveDescription;
  readonly #descriptor: number;
  readonly #cache: BlockCache;
  readonly #itemBytes: number;
  readonly #itemsPerBlock: number;
  readonly #file: string;

  /** Use `openArchive`. */
  constructor({ root, file, descriptor, header, rows, description }: OpenedArrays, options: ArchiveOptions) {
    this.root = root;
    this.#descriptor = descriptor;
    this.#file = file;
    this.count = header.shape[0];
    this.itemShape = header.shape.slice(1);
    this.itemLength = header.elements / this.count;
    this.type = header.type;
    this.#itemBytes = this.itemLength * header.itemBytes;
    this.#itemsPerBlock = Math.max(1, Math.floor((options.blockBytes ?? 16384) / this.#itemBytes));
    this.rows = rows;
    this.description = description;
    this.#cache = new BlockCache({
      descriptor,
      file,
      start: header.dataOffset,
      end: header.dataOffset + this.count * this.#itemBytes,
      blockBytes: this.#itemsPerBlock * this.#itemBytes,
      cacheBytes: options.cacheBytes ?? 64 << 20,
    });
  }

  /** Bytes of arrays held in memory now. */
  get cachedBytes(): number {
    return this.#cache.bytes;
  }

  /** Blocks read from the file so far. */
  get blockReads(): number {
    return this.#cache.reads;
  }

  /** The stored bytes of array `index`; the view is valid until the next read. */
  bytes(index: number): Uint8Array {
    if (!(index >= 0 && index < this.count))
      throw new UserError(`${this.#file}: there is no array ${index}; the archive has ${this.count}`);
    const block = this.#cache.block(Math.floor(index / this.#itemsPerBlock));
    const from = (index % this.#itemsPerBlock) * this.#itemBytes;
    return block.subarray(from, from + this.#itemBytes);
  }

  /**
   * Reads array `index` as numbers, with the scale and offset of the description applied.
   * @param out shape itemShape, at `at`
   */
  read(index: number, out: Float32Array, at = 0): void {
    const bytes = this.bytes(index);
    const stored = viewNpy(bytes, this.type) as Exclude<ReturnType<typeof viewNpy>, BigInt64Array | BigUint64Array>;
    const { scale, offset } = this.description;
    const length = this.itemLength;
    if (this.type === "f16") for (let i = 0; i < length; i++) out[at + i] = halfToNumber(stored[i]) * scale + offset;
    else if (scale === 1 && offset === 0) out.set(stored, at);
    else for (let i = 0; i < length; i++) out[at + i] = stored[i] * scale + offset;
  }

  /** Closes the file; nothing can be read afterwards. */
  close(): void {
    closeSync(this.#descriptor);
  }
}
