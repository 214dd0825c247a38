import { FormatError } from "../../base/errors.js";

/** What stands behind a field's number: the wire types of Protocol Buffers. */
type WireType = 0 | 1 | 2 | 5;

/** A field of a message as it lies in the file. */
export interface WireField {
  readonly number: number;
  /** 0: whole number, 1: eight bytes, 2: bytes with their length, 5: four bytes. */
  readonly type: WireType;
  /** Byte of the file where its content begins. */
  readonly at: number;
  /** The number of a field of type 0; exact below 2^53. */
  readonly value: number;
  /** The bytes of a field of type 1, 2 or 5. */
  readonly bytes: Uint8Array;
}

const empty = new Uint8Array(0);
/** Fields that are read of all messages of a file together. */
const mostFields = 1 << 22;

/** Reads the fields of Protocol Buffers messages, bounded in number, without a schema. */
export class WireReader {
  readonly #file: string;
  readonly #kind: string;
  #fields = 0;

  /**
   * @param file name for errors
   * @param kind what the file should be, for errors: "frozen graph"
   */
  constructor(file: string, kind: string) {
    this.#file = file;
    this.#kind = kind;
  }

  refuse(place: number | string, found: string): never {
    const where = typeof place === "number" ? `byte ${place}` : place;
    throw new FormatError(this.#file, where, found, `it is no undamaged ${this.#kind}: take another copy`);
  }

  /**
   * The fields of a message one after another.
   * @param at byte of the file where the message begins, for errors
   */
  *fields(bytes: Uint8Array, at = 0): Generator<WireField> {
    let i = 0;
    while (i < bytes.length) {
      if (++this.#fields > mostFields) this.refuse(at + i, `more than ${mostFields} fields`);
      const key = this.varint(bytes, i, at);
      i = key.next;
      const number = Math.floor(key.value / 8);
      const type = key.value % 8;
      if (type === 0) {
        const { value, next } = this.varint(bytes, i, at);
        yield { number, type, at: at + i, value, bytes: empty };
        i = next;
        continue;
      }
      if (type !== 1 && type !== 2 && type !== 5) this.refuse(at + i, `a field of wire type ${type}`);
      let length = type === 1 ? 8 : 4;
      if (type === 2) ({ value: length, next: i } = this.varint(bytes, i, at));
      if (length > bytes.length - i) this.refuse(at + i, `${length} bytes where ${bytes.length - i} are left`);
      yield { number, type, at: at + i, value: 0, bytes: bytes.subarray(i, i + length) };
      i += length;
    }
  }

  /** A whole number of up to 64 bits in groups of seven; negative ones come back negative. */
  varint(bytes: Uint8Array, from: number, at = 0): { value: number; next: number } {
    let low = 0;
    let high = 0;
    for (let n = 0; n < 10; n++) {
      const byte = bytes[from + n];
      if (byte === undefined) return this.refuse(at + from + n, "the end inside a number");
      // 28 bits in `low`, the others in `high`: both stay exact.
      if (n < 4) low += (byte & 127) * 2 ** (7 * n);
      else high += (byte & 127) * 2 ** (7 * (n - 4));
      if (byte < 128) {
        const value = high >= 2 ** 35 ? -(2 ** 36 - (high % 2 ** 36)) * 2 ** 28 + low : high * 2 ** 28 + low;
        return { value, next: from + n + 1 };
      }
    }
    return this.refuse(at + from, "a number of more than ten bytes");
  }

  /** The numbers of a repeated field, packed or single. */
  numbers(field: WireField, most: number): number[] {
    if (field.type === 0) return [field.value];
    if (field.type !== 2) return this.refuse(field.at, "a number was expected");
    const values: number[] = [];
    for (let i = 0; i < field.bytes.length; ) {
      if (values.length >= most) this.refuse(field.at, `more than ${most} numbers`);
      const { value, next } = this.varint(field.bytes, i, field.at);
      values.push(value);
      i = next;
    }
    return values;
  }

  /** The text of a field. */
  text(field: WireField, most = 4096): string {
    if (field.type !== 2) return this.refuse(field.at, "a text was expected");
    if (field.bytes.length > most) return this.refuse(field.at, `a text of ${field.bytes.length} bytes, at most ${most}`);
    return new TextDecoder().decode(field.bytes);
  }

  /** The content of a field that is a message. */
  message(field: WireField): Uint8Array {
    if (field.type !== 2) return this.refuse(field.at, "a message was expected");
    return field.bytes;
  }
}
