const firstBytes = 1 << 16;

/** Bytes that come in blocks, read in pieces of other sizes; holds no more than was asked for and one block. */
export class ByteQueue {
  readonly #blocks: AsyncIterator<Uint8Array>;
  #buffer = new Uint8Array(firstBytes);
  #start = 0;
  #end = 0;
  #ended = false;

  constructor(blocks: AsyncIterable<Uint8Array>) {
    this.#blocks = blocks[Symbol.asyncIterator]();
  }

  /** Bytes that are there; valid until the next `fill`. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  /** Whether nothing comes after the bytes that are there. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Waits until `count` bytes are there, or the end; returns whether they are. */
  async fill(count: number): Promise<boolean> {
    while (this.#end - this.#start < count && !this.#ended) {
      const next = await this.#blocks.next();
      if (next.done === true) this.#ended = true;
      else this.#append(next.value);
    }
    return this.#end - this.#start >= count;
  }

  /** Takes bytes that are there off the front. */
  drop(count: number): void {
    this.#start = Math.min(this.#end, this.#start + count);
  }

  /** Passes over `count` bytes without holding them. */
  async skip(count: number): Promise<void> {
    for (let left = count; left > 0; ) {
      if (!(await this.fill(1))) return;
      const here = Math.min(left, this.#end - this.#start);
      this.drop(here);
      left -= here;
    }
  }

  /** Ends the source: a file is closed, a program stopped. */
  async close(): Promise<void> {
    await this.#blocks.return?.();
  }

  #append(block: Uint8Array): void {
    const held = this.#end - this.#start;
    if (this.#end + block.length > this.#buffer.length) {
      const needed = held + block.length;
      const target = needed > this.#buffer.length ? new Uint8Array(2 * needed) : this.#buffer;
      if (target === this.#buffer) this.#buffer.copyWithin(0, this.#start, this.#end);
      else target.set(this.bytes);
      [this.#buffer, this.#start, this.#end] = [target, 0, held];
    }
    this.#buffer.set(block, this.#end);
    this.#end += block.length;
  }
}
