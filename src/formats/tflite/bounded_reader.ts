import { ByteBuffer } from "flatbuffers";
import { FormatError } from "../../base/errors.js";
import { fileIdentifier } from "./schema.js";

/** Elements that stand one after another. */
export interface Span {
  /** Byte of the first element. */
  readonly start: number;
  /** Number of elements. */
  readonly length: number;
}

/** Longest text that is read, in bytes. */
const longestText = 1 << 16;
/** Elements of all lists and texts together: many tables may lead to the same bytes. */
const mostListed = 1 << 23;

/** Follows offsets of a FlatBuffer without leaving its bytes. */
export class BoundedReader {
  readonly #bytes: Uint8Array;
  readonly #buffer: ByteBuffer;
  readonly #file: string;
  #listed = 0;

  constructor(bytes: Uint8Array, file: string) {
    this.#bytes = bytes;
    this.#buffer = new ByteBuffer(bytes);
    this.#file = file;
  }

  refuse(place: number | string, found: string): never {
    const where = typeof place === "number" ? `byte ${place}` : place;
    throw new FormatError(this.#file, where, found, "it is no undamaged .tflite file: take another copy");
  }

  #spend(elements: number, at: number): void {
    this.#listed += elements;
    if (this.#listed > mostListed) this.refuse(at, `lists and texts of more than ${mostListed} elements`);
  }

  #check(at: number, length: number): number {
    if (!(at >= 0 && at + length <= this.#bytes.length))
      this.refuse(at, `an offset beyond the end at byte ${this.#bytes.length}`);
    return at;
  }

  uint32(at: number): number {
    return this.#buffer.readUint32(this.#check(at, 4));
  }

  int32(at: number): number {
    return this.#buffer.readInt32(this.#check(at, 4));
  }

  int8(at: number): number {
    return this.#buffer.readInt8(this.#check(at, 1));
  }

  uint8(at: number): number {
    return this.#buffer.readUint8(this.#check(at, 1));
  }

  float32(at: number): number {
    return this.#buffer.readFloat32(this.#check(at, 4));
  }

  root(): number {
    this.#check(0, 8);
    if (new TextDecoder().decode(this.#bytes.subarray(4, 8)) !== fileIdentifier) this.refuse(4, `${fileIdentifier} is missing`);
    return this.indirect(0);
  }

  /** Where the offset that stands at `at` leads. */
  indirect(at: number): number {
    return this.#check(at + this.uint32(at), 4);
  }

  /** Place of field number `slot` of the table, or undefined where it has its default. */
  field(table: number, slot: number): number | undefined {
    const layout = this.#check(table - this.#buffer.readInt32(this.#check(table, 4)), 4);
    const entry = 4 + 2 * slot;
    if (entry + 2 > this.#buffer.readUint16(layout)) return undefined;
    const offset = this.#buffer.readUint16(this.#check(layout + entry, 2));
    return offset === 0 ? undefined : this.#check(table + offset, 1);
  }

  /** The table to which field number `slot` leads. */
  table(table: number, slot: number): number | undefined {
    const at = this.field(table, slot);
    return at === undefined ? undefined : this.indirect(at);
  }

  /** The vector to which the offset at `at` leads. */
  vector(at: number | undefined, elementBytes: number): Span | undefined {
    if (at === undefined) return undefined;
    const start = this.indirect(at);
    const length = this.uint32(start);
    this.#check(start + 4, length * elementBytes);
    return { start: start + 4, length };
  }

  /** The tables of a vector of tables; none where the field has its default. */
  tables(table: number, slot: number, most: number): number[] {
    const span = this.vector(this.field(table, slot), 4);
    if (!span) return [];
    if (span.length > most) this.refuse(span.start, `a list of ${span.length}, at most ${most}`);
    this.#spend(span.length, span.start);
    return Array.from({ length: span.length }, (_, i) => this.indirect(span.start + 4 * i));
  }

  /** A vector of 32-bit integers; undefined where the field has its default. */
  integers(table: number, slot: number, most: number): number[] | undefined {
    const span = this.vector(this.field(table, slot), 4);
    if (!span) return undefined;
    if (span.length > most) this.refuse(span.start, `a list of ${span.length}, at most ${most}`);
    this.#spend(span.length, span.start);
    return Array.from({ length: span.length }, (_, i) => this.int32(span.start + 4 * i));
  }

  /** A text; empty where the field has its default. */
  text(table: number, slot: number): string {
    const span = this.vector(this.field(table, slot), 1);
    if (!span) return "";
    if (span.length > longestText) this.refuse(span.start, `a text of ${span.length} bytes, at most ${longestText}`);
    this.#spend(span.length, span.start);
    return new TextDecoder().decode(this.bytes(span));
  }

  /** A vector of f32 numbers. */
  floats(table: number, slot: number, most: number): number[] {
    const span = this.vector(this.field(table, slot), 4);
    if (!span) return [];
    if (span.length > most) this.refuse(span.start, `a list of ${span.length}, at most ${most}`);
    this.#spend(span.length, span.start);
    return Array.from({ length: span.length }, (_, i) => this.float32(span.start + 4 * i));
  }

  /** A vector of 64-bit integers that fit into 32 bits. */
  longs(table: number, slot: number, most: number): number[] {
    const span = this.vector(this.field(table, slot), 8);
    if (!span) return [];
    if (span.length > most) this.refuse(span.start, `a list of ${span.length}, at most ${most}`);
    this.#spend(span.length, span.start);
    return Array.from({ length: span.length }, (_, i) => {
      const at = span.start + 8 * i;
      const low = this.int32(at);
      if (this.int32(at + 4) !== low >> 31) this.refuse(at, "a number beyond 32 bits");
      return low;
    });
  }

  bytes({ start, length }: Span): Uint8Array {
    return this.#bytes.subarray(start, start + length);
  }
}
