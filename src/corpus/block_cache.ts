import { readSync } from "node:fs";
import { FormatError } from "../base/errors.js";

/** Which bytes of an open file are cached, and how. */
export interface BlockCacheOptions {
  /** Open file descriptor; whoever opened it closes it. */
  descriptor: number;
  /** Name for messages. */
  file: string;
  /** First byte of block 0. */
  start: number;
  /** End of the last block (exclusive); the last block may be shorter. */
  end: number;
  blockBytes: number;
  /** Most bytes held at once; at least one block is held. */
  cacheBytes: number;
}

/** Reads fixed blocks of a file by position and keeps those used last. Buffers of dropped blocks are used again. */
export class BlockCache {
  readonly #options: BlockCacheOptions;
  readonly #capacity: number;
  // A Map iterates in the order of insertion: its first key is the block unused for longest.
  readonly #blocks = new Map<number, Uint8Array>();
  #last = -1;
  #lastBlock: Uint8Array = new Uint8Array(0);
  #reads = 0;

  constructor(options: BlockCacheOptions) {
    this.#options = options;
    this.#capacity = Math.max(1, Math.floor(options.cacheBytes / options.blockBytes));
  }

  /** Bytes held now. */
  get bytes(): number {
    return this.#blocks.size * this.#options.blockBytes;
  }

  /** Blocks read from the file so far. */
  get reads(): number {
    return this.#reads;
  }

  /** Block `index`; the view is valid until the next call. */
  block(index: number): Uint8Array {
    if (index === this.#last) return this.#lastBlock;
    let block = this.#blocks.get(index);
    if (block === undefined) block = this.#load(index);
    else this.#blocks.delete(index);
    this.#blocks.set(index, block);
    this.#last = index;
    this.#lastBlock = block;
    return block;
  }

  #load(index: number): Uint8Array {
    const { descriptor, file, start, end, blockBytes } = this.#options;
    const buffer = this.#freeBuffer();
    const from = start + index * blockBytes;
    const length = Math.min(blockBytes, end - from);
    for (let done = 0; done < length; ) {
      const read = readSync(descriptor, buffer, done, length - done, from + done);
      if (read === 0)
        throw new FormatError(file, `byte ${from + done}`, "the file ends here", "it was cut while it was read; write it again");
      done += read;
    }
    this.#reads++;
    return buffer;
  }

  #freeBuffer(): Uint8Array {
    if (this.#blocks.size < this.#capacity) return new Uint8Array(this.#options.blockBytes);
    const [oldest, buffer] = this.#blocks.entries().next().value as [number, Uint8Array];
    this.#blocks.delete(oldest);
    if (oldest === this.#last) this.#last = -1;
    return buffer;
  }
}
