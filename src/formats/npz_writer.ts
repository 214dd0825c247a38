import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import { invariant, UserError } from "../base/errors.js";
import { makeFolderSync } from "../base/make_folder.js";
import { systemReason, systemRemedy } from "../base/system_error.js";
import { joinCrc32 } from "./crc32_join.js";
import { encodeNpyHeader, type NpyData, type NpyType } from "./npy.js";
import { directoryEnd, directoryEntry, localHeader, wideField, type ZipRecord } from "./zip_records.js";

const headerBytes = 128;
const bufferBytes = 1 << 20;

/** A file whose size is known when it has been written. */
interface Member extends ZipRecord {
  size: number;
  checksum: number;
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
      makeFolderSync(dirname(path));
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
    member.checksum = crc32(data, crc32(header));
    this.#append(header);
    this.#append(data);
    this.#flush();
    this.#write(wideHeader(member), member.start);
  }

  #begin(name: string): Member {
    this.#flush();
    const member = { name: `${name}.npy`, start: this.#position, size: 0, checksum: 0, version: 45 } as const;
    this.#members.push(member);
    this.#append(wideHeader(member));
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
    member.checksum = joinCrc32(crc32(header), this.#crc, dataBytes);
    const local = wideHeader(member);
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

/** Behind the name stand the sizes as 64-bit numbers: room for them must be there before they are known. */
function wideHeader(record: ZipRecord): Buffer {
  return localHeader(record, wideField([record.size, record.size]), true);
}
