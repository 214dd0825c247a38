import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import { invariant, UserError } from "../base/errors.js";
import { systemReason, systemRemedy } from "../base/system_error.js";
import { joinCrc32 } from "./crc32_join.js";
import { encodeNpyHeader, type NpyData, type NpyType } from "./npy.js";

const localBytes = 30;
/** Id and sizes of both 64-bit sizes. */
const wideBytes = 20;
const headerBytes = 128;
const bufferBytes = 1 << 20;
const largestNarrow = 0xffffffff;
/** 1980-01-01, so that equal arrays make equal files. */
const date = 0x21;

interface Member {
  readonly name: string;
  readonly start: number;
  size: number;
  crc: number;
}

/**
 * Writes a .npz file as numpy.savez does: .npy files stored in a ZIP archive (APPNOTE.TXT 6.3, with 64-bit sizes). One array may be written
 * row by row, before all others, without knowing how many there will be. The file has its name only when `close` has returned.
 */
export class NpzWriter {
  readonly #path: string;
  readonly #descriptor: number;
  readonly #members: Member[] = [];
  readonly #buffer = Buffer.alloc(bufferBytes);
  #filled = 0;
  #position = 0;
  #crc = 0;
  #rows: { readonly member: Member; readonly type: NpyType; readonly width: number; count: number } | undefined;

  /** @throws UserError where the file cannot be written */
  constructor(path: string) {
    this.#path = path;
    try {
      mkdirSync(dirname(path), { recursive: true });
      this.#descriptor = openSync(`${path}.partial`, "w");
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** Rows written so far. */
  get rows(): number {
    return this.#rows?.count ?? 0;
  }

  /** Begins an array [rows, width]. */
  beginRows(name: string, type: "f32" | "f64", width: number): void {
    invariant(this.#members.length === 0 && width > 0, "rows come first");
    const member = this.#begin(name);
    this.#rows = { member, type, width, count: 0 };
    this.#append(encodeNpyHeader(type, [0, width], headerBytes));
    this.#crc = 0;
  }

  /** Appends a row. */
  row(values: Float32Array | Float64Array): void {
    const rows = this.#rows;
    invariant(rows && values.length === rows.width, "a row of another width");
    const typed = rows.type === "f64" ? Float64Array.from(values) : Float32Array.from(values);
    this.#append(new Uint8Array(typed.buffer));
    rows.count++;
  }

  /** Writes a whole array of numbers. */
  array(name: string, type: NpyType, shape: readonly number[], data: NpyData): void {
    this.#whole(name, encodeNpyHeader(type, shape), new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }

  /** Writes a list of texts as numpy's unicode strings; `scalar`: one text as an array without axes. */
  texts(name: string, texts: readonly string[], scalar = false): void {
    const points = texts.map((text) => Array.from(text, (letter) => letter.codePointAt(0) as number));
    const width = Math.max(1, ...points.map((list) => list.length));
    const data = new Uint32Array(width * texts.length);
    points.forEach((list, i) => data.set(list, i * width));
    const shape = scalar ? "()" : `(${texts.length},)`;
    this.#whole(name, textHeader(`<U${width}`, shape), new Uint8Array(data.buffer));
  }

  /** Writes the directory, then gives the file its name. */
  close(): void {
    try {
      this.#endRows();
      this.#flush();
      const directory = this.#directory();
      this.#write(directory, this.#position);
      fsyncSync(this.#descriptor);
      closeSync(this.#descriptor);
      renameSync(`${this.#path}.partial`, this.#path);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** Gives up: removes what was written. */
  abort(): void {
    closeSync(this.#descriptor);
    rmSync(`${this.#path}.partial`, { force: true });
  }

  #whole(name: string, header: Uint8Array, data: Uint8Array): void {
    this.#endRows();
    const member = this.#begin(name);
    member.size = header.length + data.length;
    member.crc = crc32(data, crc32(header));
    this.#append(header);
    this.#append(data);
    this.#flush();
    this.#write(localHeader(member), member.start);
  }

  #begin(name: string): Member {
    this.#flush();
    const member = { name: `${name}.npy`, start: this.#position, size: 0, crc: 0 };
    this.#members.push(member);
    this.#append(localHeader(member));
    return member;
  }

  /** The header of the rows and of their file, now that their number is known. */
  #endRows(): void {
    const rows = this.#rows;
    if (rows === undefined || rows.member.size > 0) return;
    this.#flush();
    const { member, type, width, count } = rows;
    const header = encodeNpyHeader(type, [count, width], headerBytes);
    const dataBytes = count * width * (type === "f64" ? 8 : 4);
    member.size = headerBytes + dataBytes;
    member.crc = joinCrc32(crc32(header), this.#crc, dataBytes);
    const local = localHeader(member);
    this.#write(local, member.start);
    this.#write(header, member.start + local.length);
  }

  #append(bytes: Uint8Array): void {
    this.#crc = crc32(bytes, this.#crc);
    for (let done = 0; done < bytes.length; ) {
      if (this.#filled === this.#buffer.length) this.#flush();
      const part = bytes.subarray(done, done + this.#buffer.length - this.#filled);
      this.#buffer.set(part, this.#filled);
      this.#filled += part.length;
      done += part.length;
    }
  }

  #flush(): void {
    this.#write(this.#buffer.subarray(0, this.#filled), this.#position);
    this.#position += this.#filled;
    this.#filled = 0;
  }

  #write(bytes: Uint8Array, at: number): void {
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.#descriptor, bytes, done, bytes.length - done, at + done);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  #directory(): Buffer {
    const entries = this.#members.map(directoryEntry);
    const size = entries.reduce((sum, entry) => sum + entry.length, 0);
    return Buffer.concat([...entries, directoryEnd(entries.length, size, this.#position)]);
  }

  #failed(error: unknown): UserError {
    if (error instanceof UserError) return error;
    return new UserError(`${this.#path} could not be written: ${systemReason(error)}; ${systemRemedy(error)}`, { cause: error });
  }
}

function textHeader(descriptor: string, shape: string): Uint8Array {
  const text = `{'descr': '${descriptor}', 'fortran_order': False, 'shape': ${shape}, }`;
  const total = Math.ceil((10 + text.length + 1) / 64) * 64;
  const bytes = Buffer.alloc(total, 0x20);
  Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, (total - 10) & 255, (total - 10) >> 8]).copy(bytes);
  bytes.write(text, 10, "latin1");
  bytes[total - 1] = 0x0a;
  return bytes;
}

/** Fields that local header and directory have in common, from the version needed on. */
function commonFields({ name, size, crc }: Member, isWide: boolean, extra: number): Buffer {
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(45, 0);
  fields.writeUInt16LE(date, 8);
  fields.writeUInt32LE(crc, 10);
  fields.writeUInt32LE(isWide ? largestNarrow : size, 14);
  fields.writeUInt32LE(isWide ? largestNarrow : size, 18);
  fields.writeUInt16LE(Buffer.byteLength(name), 22);
  fields.writeUInt16LE(extra, 24);
  return fields;
}

function wideField(values: readonly number[]): Buffer {
  const field = Buffer.alloc(4 + 8 * values.length);
  field.writeUInt16LE(1, 0);
  field.writeUInt16LE(8 * values.length, 2);
  values.forEach((value, i) => field.writeBigUInt64LE(BigInt(value), 4 + 8 * i));
  return field;
}

function localHeader(member: Member): Buffer {
  const signature = Buffer.from("PK\x03\x04", "latin1");
  const fields = commonFields(member, true, wideBytes);
  const header = Buffer.concat([signature, fields, Buffer.from(member.name), wideField([member.size, member.size])]);
  invariant(header.length === localBytes + Buffer.byteLength(member.name) + wideBytes, "length of a local header");
  return header;
}

function directoryEntry(member: Member): Buffer {
  const isWide = member.size >= largestNarrow || member.start >= largestNarrow;
  const extra = isWide ? wideField([member.size, member.size, member.start]) : Buffer.alloc(0);
  const start = Buffer.alloc(14);
  start.writeUInt32LE(isWide ? largestNarrow : member.start, 10);
  const head = Buffer.from([0x50, 0x4b, 1, 2, 45, 0]);
  return Buffer.concat([head, commonFields(member, isWide, extra.length), start, Buffer.from(member.name), extra]);
}

function directoryEnd(count: number, size: number, from: number): Buffer {
  const isWide = from >= largestNarrow;
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", 0, "latin1");
  for (const at of [8, 10]) end.writeUInt16LE(count, at);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(isWide ? largestNarrow : from, 16);
  if (!isWide) return end;
  const wide = Buffer.alloc(56 + 20);
  wide.write("PK\x06\x06", 0, "latin1");
  wide.writeBigUInt64LE(44n, 4);
  for (const at of [12, 14]) wide.writeUInt16LE(45, at);
  for (const at of [24, 32]) wide.writeBigUInt64LE(BigInt(count), at);
  wide.writeBigUInt64LE(BigInt(size), 40);
  wide.writeBigUInt64LE(BigInt(from), 48);
  wide.write("PK\x06\x07", 56, "latin1");
  wide.writeBigUInt64LE(BigInt(from + size), 64);
  wide.writeUInt32LE(1, 72);
  return Buffer.concat([wide, end]);
}
