import { FormatError } from "../../base/errors.js";

/** Bytes of an address and of a length: what every library of today writes. */
export const wordBytes = 8;
/** Stands for "nowhere". */
const undefinedWord = 0xffff_ffff;
/** Structures that are read of a file in all. */
const mostSteps = 1 << 20;
/**
 * Bytes that are unpacked or gathered of a file in all, for a file of so many bytes: weights hardly shrink when they are packed, and a
 * shape may claim what is not there.
 */
const mostBytes = (size: number): number => 2 ** 24 + 8 * size;

/** The bytes of an HDF5 file, read without leaving them, little endian. */
export class Hdf5Bytes {
  readonly bytes: Uint8Array;
  readonly file: string;
  readonly #view: DataView;
  #steps = 0;
  #taken = 0;

  constructor(bytes: Uint8Array, file: string) {
    this.bytes = bytes;
    this.file = file;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  refuse(place: number | string, found: string, remedy = "it is no undamaged HDF5 file: take another copy"): never {
    throw new FormatError(this.file, typeof place === "number" ? `byte ${place}` : place, found, remedy);
  }

  /** Counts a structure: a damaged file may lead round in circles. */
  step(at: number): void {
    if (++this.#steps > mostSteps) this.refuse(at, `more than ${mostSteps} structures`);
  }

  /** Counts bytes of which copies are made. */
  take(at: number | string, length: number): void {
    this.#taken += length;
    const most = mostBytes(this.bytes.length);
    if (!(this.#taken <= most)) this.refuse(at, `more than ${most} bytes of data in a file of ${this.bytes.length}`);
  }

  check(at: number, length: number): number {
    if (!(at >= 0 && length >= 0 && at + length <= this.bytes.length))
      this.refuse(at, `${length} bytes in a file of ${this.bytes.length}`);
    return at;
  }

  slice(at: number, length: number): Uint8Array {
    return this.bytes.subarray(this.check(at, length), at + length);
  }

  u8(at: number): number {
    return this.#view.getUint8(this.check(at, 1));
  }

  u16(at: number): number {
    return this.#view.getUint16(this.check(at, 2), true);
  }

  u32(at: number): number {
    return this.#view.getUint32(this.check(at, 4), true);
  }

  /** A length of eight bytes. */
  length(at: number): number {
    return this.u32(at) + this.u32(at + 4) * 2 ** 32;
  }

  /** An address of eight bytes; undefined where it leads nowhere. */
  address(at: number): number | undefined {
    if (this.u32(at) === undefinedWord && this.u32(at + 4) === undefinedWord) return undefined;
    return this.length(at);
  }

  /** Whether these four letters stand there. */
  signed(at: number, signature: string): boolean {
    return this.text(at, signature.length) === signature;
  }

  require(at: number, signature: string): void {
    if (!this.signed(at, signature)) this.refuse(at, `${signature} is missing`);
  }

  text(at: number, length: number): string {
    return new TextDecoder().decode(this.slice(at, length));
  }

  /** A text that ends with a zero, within `most` bytes. */
  zeroEnded(at: number, most: number): string {
    const bytes = this.slice(at, Math.min(most, this.bytes.length - this.check(at, 0)));
    const end = bytes.indexOf(0);
    return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
  }
}
