import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { FormatError, UserError } from "../base/errors.js";
import { systemReason } from "../base/system_error.js";
import { type NpyData, type NpyHeader, npyHeaderLimit, parseNpyHeader, viewNpy } from "./npy.js";

const endBytes = 22;
const entryBytes = 46;
const localBytes = 30;
const longestComment = 0xffff;
const largestDirectory = 16 << 20;
/** What stands in a field whose value is in the 64-bit extra field. */
const moved = 0xffffffff;
const remedy = "write it again with 'earshot compat fastcells make_dataset' or numpy.savez";

interface Member {
  /** First byte of the .npy file. */
  readonly offset: number;
  readonly size: number;
}

/** An open .npz file of numpy.savez: arrays that lie in it as they are, read where they lie. */
export class NpzFile {
  readonly path: string;
  readonly descriptor: number;
  readonly #bytes: number;
  readonly #members: ReadonlyMap<string, Member>;

  /**
   * Opens a file and reads its directory.
   * @throws UserError where it cannot be read, FormatError where it is no such file or its arrays are compressed
   */
  constructor(path: string) {
    this.path = path;
    try {
      this.descriptor = openSync(path, "r");
    } catch (error) {
      throw new UserError(`${path}: cannot be read: ${systemReason(error)}`, { cause: error });
    }
    try {
      this.#bytes = fstatSync(this.descriptor).size;
      this.#members = this.#directory();
    } catch (error) {
      closeSync(this.descriptor);
      throw error;
    }
  }

  /** Names of the arrays. */
  get names(): string[] {
    return [...this.#members.keys()];
  }

  /**
   * Header of an array of numbers; `dataOffset` is the place in the whole file.
   * @throws FormatError where there is no such array
   */
  header(name: string): NpyHeader {
    const { offset, size } = this.#member(name);
    const start = this.#read(offset, Math.min(size, npyHeaderLimit));
    const header = parseNpyHeader(start, `${this.path}: ${name}.npy`, size);
    return { ...header, dataOffset: offset + header.dataOffset };
  }

  /** A whole array of numbers; at most `most` bytes. */
  array(name: string, most: number): { shape: number[]; data: NpyData } {
    const { type, shape, elements, itemBytes, dataOffset } = this.header(name);
    if (elements * itemBytes > most) throw this.#fault(`${name}.npy`, `${elements * itemBytes} bytes, at most ${most} are read`);
    return { shape, data: viewNpy(this.#read(dataOffset, elements * itemBytes), type) };
  }

  /** An array of unicode strings; at most `most` bytes. */
  texts(name: string, most: number): string[] {
    const { offset, size } = this.#member(name);
    if (size > most) throw this.#fault(`${name}.npy`, `${size} bytes, at most ${most} are read`);
    const bytes = this.#read(offset, size);
    const header = new TextDecoder("latin1").decode(bytes.subarray(0, Math.min(size, 512)));
    const [, letters, shape] = /'descr':\s*'<U(\d{1,6})'.*'shape':\s*\((\d*),?\s*\)/.exec(header) ?? [];
    const start = 10 + (bytes[8] ?? 0) + 256 * (bytes[9] ?? 0);
    const width = Number(letters);
    const count = shape === "" ? 1 : Number(shape);
    if (!header.startsWith("\x93NUMPY\x01") || letters === undefined || start + 4 * width * count > size)
      throw this.#fault(`${name}.npy`, "no list of unicode strings");
    const points = new DataView(bytes.buffer, bytes.byteOffset);
    return Array.from({ length: count }, (_, i) => {
      let text = "";
      for (let j = 0; j < width; j++) {
        const point = points.getUint32(start + 4 * (i * width + j), true);
        if (point === 0) break;
        if (point > 0x10ffff) throw this.#fault(`${name}.npy`, `letter ${point}`);
        text += String.fromCodePoint(point);
      }
      return text;
    });
  }

  close(): void {
    closeSync(this.descriptor);
  }

  #member(name: string): Member {
    const member = this.#members.get(`${name}.npy`);
    if (member === undefined)
      throw this.#fault("directory", `no array '${name}'; there are ${[...this.#members.keys()].join(", ")}`);
    return member;
  }

  #fault(place: string, found: string): FormatError {
    return new FormatError(this.path, place, found, remedy);
  }

  #read(from: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const read = readSync(this.descriptor, bytes, done, length - done, from + done);
      if (read === 0) throw this.#fault(`byte ${from + done}`, "the file ends here");
      done += read;
    }
    return bytes;
  }

  #directory(): Map<string, Member> {
    const tail = this.#read(
      Math.max(0, this.#bytes - endBytes - longestComment),
      Math.min(this.#bytes, endBytes + longestComment),
    );
    const view = new DataView(tail.buffer);
    let end = tail.length - endBytes;
    while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end--;
    if (end < 0) throw this.#fault("its end", "no directory of a ZIP archive");
    let [count, size, from] = [view.getUint16(end + 10, true), view.getUint32(end + 12, true), view.getUint32(end + 16, true)];
    if (end >= 20 && view.getUint32(end - 20, true) === 0x07064b50) {
      const at = Number(view.getBigUint64(end - 12, true));
      if (!(at + 56 <= this.#bytes)) throw this.#fault("its end", `a directory at byte ${at}`);
      const wide = new DataView(this.#read(at, 56).buffer);
      [count, size, from] = [32, 40, 48].map((place) => Number(wide.getBigUint64(place, true))) as [number, number, number];
    }
    if (!(size <= largestDirectory && from + size <= this.#bytes && count * entryBytes <= size))
      throw this.#fault("its end", `a directory of ${count} files in ${size} bytes from byte ${from}`);
    return this.#entries(this.#read(from, size), count, from);
  }

  #entries(bytes: Uint8Array, count: number, from: number): Map<string, Member> {
    const view = new DataView(bytes.buffer);
    const members = new Map<string, Member>();
    for (let i = 0, at = 0; i < count; i++) {
      if (at + entryBytes > bytes.length || view.getUint32(at, true) !== 0x02014b50)
        throw this.#fault(`byte ${from + at}`, `file ${i + 1} of ${count} is missing`);
      const [nameLength, extraLength, comment] = [28, 30, 32].map((place) => view.getUint16(at + place, true)) as [
        number,
        number,
        number,
      ];
      const next = at + entryBytes + nameLength + extraLength + comment;
      if (next > bytes.length) throw this.#fault(`byte ${from + at}`, "an entry goes on behind the directory's end");
      const name = new TextDecoder().decode(bytes.subarray(at + entryBytes, at + entryBytes + nameLength));
      if (view.getUint16(at + 10, true) !== 0)
        throw new FormatError(this.path, name, "a compressed array", "write it with numpy.savez instead of savez_compressed");
      const sizes = [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)];
      widen(view, at + entryBytes + nameLength, extraLength, sizes);
      members.set(name, this.#placed(name, sizes[0] as number, sizes[2] as number));
      at = next;
    }
    return members;
  }

  /** Behind the local header, which has a name and extra field of its own. */
  #placed(name: string, size: number, start: number): Member {
    if (!(start + localBytes <= this.#bytes)) throw this.#fault(name, `it lies at byte ${start} of ${this.#bytes}`);
    const local = new DataView(this.#read(start, localBytes).buffer);
    const offset = start + localBytes + local.getUint16(26, true) + local.getUint16(28, true);
    if (local.getUint32(0, true) !== 0x04034b50 || !(offset + size <= this.#bytes))
      throw this.#fault(name, `${size} bytes from byte ${offset} of ${this.#bytes}`);
    return { offset, size };
  }
}

/** Puts in the 64-bit values of the extra field (id 1), which has those that do not fit, in this order. */
function widen(view: DataView, from: number, length: number, sizes: number[]): void {
  for (let at = from; at + 4 <= from + length; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue;
    let value = at + 4;
    const end = Math.min(value + view.getUint16(at + 2, true), from + length);
    for (const i of [0, 1, 2]) {
      if (sizes[i] !== moved || value + 8 > end) continue;
      sizes[i] = Number(view.getBigUint64(value, true));
      value += 8;
    }
    return;
  }
}
