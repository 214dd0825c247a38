import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { FormatError, UserError } from "../base/errors.js";
import { systemReason } from "../base/system_error.js";
import { type NpyData, type NpyHeader, npyHeaderLimit, parseNpyHeader, viewNpy } from "./npy.js";
import { readZipDirectory, type ZipMember } from "./zip_directory.js";

const remedy = "write it again with 'earshot compat fastcells make_dataset' or numpy.savez";

/** An open .npz file of numpy.savez: arrays that lie in it as they are, read where they lie. */
export class NpzFile {
  readonly path: string;
  readonly descriptor: number;
  readonly #members: ReadonlyMap<string, ZipMember>;

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

  #member(name: string): ZipMember {
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

  #directory(): Map<string, ZipMember> {
    const read = (from: number, length: number): Uint8Array => this.#read(from, length);
    const members = readZipDirectory({ file: this.path, size: fstatSync(this.descriptor).size, remedy, read });
    for (const { name, method } of members.values())
      if (method !== 0)
        throw new FormatError(this.path, name, "a compressed array", "write it with numpy.savez instead of savez_compressed");
    return members;
  }
}
