/** Reads numbers of any width from bytes, most significant bit first. Beyond the end it gives zeros and says so. */
export class BitReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  /** Place of the next bit, counted from the start of the bytes. */
  #at: number;

  /**
   * @param from first byte
   * @param to end (exclusive)
   */
  constructor(bytes: Uint8Array, from: number, to: number) {
    this.#bytes = bytes;
    this.#at = from * 8;
    this.#end = to * 8;
  }

  /** Whether more was read than there is. */
  get overrun(): boolean {
    return this.#at > this.#end;
  }

  /** The next `width` bits as a number from 0; width from 0 to 32. */
  unsigned(width: number): number {
    if (width > 25) return this.unsigned(width - 16) * 65536 + this.unsigned(16);
    const word = this.#word();
    this.#at += width;
    return width === 0 ? 0 : word >>> (32 - width);
  }

  /** The next bits, at least 25 of them, at the top of 32. */
  #word(): number {
    const bytes = this.#bytes;
    const i = this.#at >>> 3;
    if (i + 3 < bytes.length)
      return ((bytes[i] << 24) | (bytes[i + 1] << 16) | (bytes[i + 2] << 8) | bytes[i + 3]) << (this.#at & 7);
    let word = 0;
    for (let k = 0; k < 4; k++) word = (word << 8) | (bytes[i + k] ?? 0);
    return word << (this.#at & 7);
  }

  /** The next `width` bits in two's complement; width from 1 to 32. */
  signed(width: number): number {
    return (this.unsigned(width) << (32 - width)) >> (32 - width);
  }

  /** How many zeros stand before the next one, which is passed too. */
  zeros(): number {
    const start = this.#at;
    while (this.#at < this.#end) {
      // Only the bits that are surely there: below them the word is filled with zeros.
      const count = Math.clz32(this.#word() & 0xffffff80);
      if (count < 32) {
        this.#at += count + 1;
        return this.#at - 1 - start;
      }
      this.#at += 25;
    }
    this.#at = this.#end + 1;
    return this.#end - start;
  }
}
