import { crc32 } from "node:zlib";
import { FormatError } from "../base/errors.js";

/** A file inside a ZIP archive. */
export interface ZipEntry {
  readonly name: string;
  /** 0: stored as it is; 8: deflated. */
  readonly method: number;
  /** Bytes when unpacked, as the archive says. */
  readonly size: number;
  /** As they stand in the archive; a view. */
  readonly bytes: Uint8Array;
}

const endSignature = 0x06054b50;
const end64Signature = 0x06064b50;
const locator64Signature = 0x07064b50;
const entrySignature = 0x02014b50;
const fileSignature = 0x04034b50;
const endBytes = 22;
const entryBytes = 46;
const localBytes = 30;
const longestComment = 0xffff;
/** What stands in a field whose value is in the 64-bit extra field. */
const moved = 0xffffffff;
const mostEntries = 100_000;
const remedy = "the archive is cut off or damaged: take another copy";

/** Whether the bytes begin as a ZIP archive with files does. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

/**
 * The files of a ZIP archive by name, from its directory, with 64-bit sizes or without (APPNOTE.TXT 6.3). What is stored is checked
 * against its CRC; what is deflated is left to the caller.
 * @param file name for error messages
 * @throws FormatError where directory, sizes and bytes do not agree, or a name stands twice
 */
export function readZip(content: Uint8Array, file: string): Map<string, ZipEntry> {
  const bytes = new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
  const reader = new ZipReader(bytes, file);
  return reader.entries();
}

class ZipReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #file: string;

  constructor(bytes: Uint8Array, file: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#file = file;
  }

  entries(): Map<string, ZipEntry> {
    const { count, from, to } = this.#directory();
    const found = new Map<string, ZipEntry>();
    let at = from;
    for (let i = 0; i < count; i++) {
      if (at + entryBytes > to || this.#view.getUint32(at, true) !== entrySignature)
        throw this.#fault(at, `entry ${i + 1} of ${count} of the directory is missing`);
      const { entry, next } = this.#entry(at, to);
      if (found.has(entry.name)) throw this.#fault(at, `${JSON.stringify(entry.name.slice(0, 80))} stands twice`);
      found.set(entry.name, entry);
      at = next;
    }
    return found;
  }

  #fault(at: number, found: string): FormatError {
    return new FormatError(this.#file, `byte ${at}`, found, remedy);
  }

  /** Where the directory lies. */
  #directory(): { count: number; from: number; to: number } {
    const view = this.#view;
    const last = this.#bytes.length - endBytes;
    let end = last;
    while (end >= Math.max(0, last - longestComment) && view.getUint32(end, true) !== endSignature) end--;
    if (end < Math.max(0, last - longestComment))
      throw new FormatError(this.#file, "its end", "no directory of a ZIP archive", remedy);
    const wide = this.#end64(end);
    const count = wide?.count ?? view.getUint16(end + 10, true);
    const size = wide?.size ?? view.getUint32(end + 12, true);
    const from = wide?.from ?? view.getUint32(end + 16, true);
    if (count > mostEntries) throw this.#fault(end, `${count} files, at most ${mostEntries} are read`);
    if (from + size > end || count * entryBytes > size)
      throw this.#fault(end, `a directory of ${count} files in ${size} bytes from byte ${from}`);
    return { count, from, to: from + size };
  }

  #end64(end: number): { count: number; size: number; from: number } | undefined {
    const view = this.#view;
    const locator = end - 20;
    if (locator < 0 || view.getUint32(locator, true) !== locator64Signature) return undefined;
    const at = this.#number64(locator + 8);
    if (at + 56 > locator || view.getUint32(at, true) !== end64Signature)
      throw this.#fault(locator, `the 64-bit end of the directory is not at byte ${at}`);
    return { count: this.#number64(at + 32), size: this.#number64(at + 40), from: this.#number64(at + 48) };
  }

  #number64(at: number): number {
    const value = this.#view.getBigUint64(at, true);
    if (value > BigInt(this.#bytes.length)) throw this.#fault(at, `${value} in a file of ${this.#bytes.length} bytes`);
    return Number(value);
  }

  #entry(at: number, directoryEnd: number): { entry: ZipEntry; next: number } {
    const view = this.#view;
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true)) as [
      number,
      number,
      number,
    ];
    const next = at + entryBytes + nameLength + extraLength + commentLength;
    if (next > directoryEnd) throw this.#fault(at, "an entry goes on behind the directory's end");
    const name = new TextDecoder().decode(this.#bytes.subarray(at + entryBytes, at + entryBytes + nameLength));
    if ((view.getUint16(at + 8, true) & 1) !== 0) throw this.#fault(at, `${JSON.stringify(name.slice(0, 80))} is encrypted`);
    const sizes = {
      size: view.getUint32(at + 24, true),
      packed: view.getUint32(at + 20, true),
      local: view.getUint32(at + 42, true),
    };
    this.#widen(sizes, at + entryBytes + nameLength, extraLength);
    const method = view.getUint16(at + 10, true);
    const bytes = this.#data(sizes.local, sizes.packed, name);
    if (method === 0 && (sizes.size !== sizes.packed || crc32(bytes) !== view.getUint32(at + 16, true)))
      throw this.#fault(sizes.local, `${JSON.stringify(name.slice(0, 80))} is not what its checksum says`);
    return { entry: { name, method, size: sizes.size, bytes }, next };
  }

  /** Puts in the 64-bit values of the extra field (id 1), which has those that do not fit, in this order. */
  #widen(sizes: { size: number; packed: number; local: number }, from: number, length: number): void {
    const view = this.#view;
    for (let at = from; at + 4 <= from + length; at += 4 + view.getUint16(at + 2, true)) {
      if (view.getUint16(at, true) !== 1) continue;
      let value = at + 4;
      const end = Math.min(value + view.getUint16(at + 2, true), from + length);
      for (const key of ["size", "packed", "local"] as const) {
        if (sizes[key] !== moved) continue;
        if (value + 8 > end) throw this.#fault(at, "a 64-bit size is missing");
        sizes[key] = this.#number64(value);
        value += 8;
      }
      return;
    }
  }

  #data(local: number, packed: number, name: string): Uint8Array {
    const view = this.#view;
    if (local + localBytes > this.#bytes.length || view.getUint32(local, true) !== fileSignature)
      throw this.#fault(local, `${JSON.stringify(name.slice(0, 80))} does not begin here`);
    const from = local + localBytes + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    if (from + packed > this.#bytes.length)
      throw this.#fault(local, `${JSON.stringify(name.slice(0, 80))} has ${packed} bytes in a file of ${this.#bytes.length}`);
    return this.#bytes.subarray(from, from + packed);
  }
}

/** A file for a ZIP archive. */
export interface ZipFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** 1 January 1980: equal content gives equal bytes. */
const noDate = 0x21;

/**
 * A ZIP archive of stored files, in the given order.
 * @param alignment each file's bytes begin at a multiple of it; what stands between is an extra field of the id "FB", as PyTorch writes it
 */
export function writeZip(files: readonly ZipFile[], alignment = 1): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const { name, bytes } of files) {
    const path = new TextEncoder().encode(name);
    const checksum = crc32(bytes);
    const extra = padding(at + localBytes + path.length, alignment);
    const header = new Uint8Array(localBytes);
    describe(new DataView(header.buffer), fileSignature, 4, { checksum, size: bytes.length, path, extra: extra.length });
    const entry = new Uint8Array(entryBytes);
    const view = new DataView(entry.buffer);
    view.setUint16(4, 20, true);
    describe(view, entrySignature, 6, { checksum, size: bytes.length, path, extra: 0 });
    view.setUint32(42, at, true);
    directory.push(entry, path);
    parts.push(header, path, extra, bytes);
    at += header.length + path.length + extra.length + bytes.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([...parts, ...directory, endOf(files.length, size, at)]);
}

interface Described {
  readonly checksum: number;
  readonly size: number;
  readonly path: Uint8Array;
  readonly extra: number;
}

/** The fields that a file's header and its entry in the directory share, from the version that is needed on. */
function describe(view: DataView, signature: number, from: number, { checksum, size, path, extra }: Described): void {
  view.setUint32(0, signature, true);
  view.setUint16(from, 20, true);
  view.setUint16(from + 8, noDate, true);
  view.setUint32(from + 10, checksum, true);
  view.setUint32(from + 14, size, true);
  view.setUint32(from + 18, size, true);
  view.setUint16(from + 22, path.length, true);
  view.setUint16(from + 24, extra, true);
}

/** An extra field after which the position is a multiple of the alignment. */
function padding(position: number, alignment: number): Uint8Array {
  if (alignment <= 1) return new Uint8Array(0);
  const extra = new Uint8Array(4 + ((alignment - ((position + 4) % alignment)) % alignment));
  extra.set([0x46, 0x42]);
  new DataView(extra.buffer).setUint16(2, extra.length - 4, true);
  extra.fill(0x5a, 4);
  return extra;
}

function endOf(count: number, size: number, from: number): Uint8Array {
  const end = new Uint8Array(endBytes);
  const view = new DataView(end.buffer);
  view.setUint32(0, endSignature, true);
  view.setUint16(8, count, true);
  view.setUint16(10, count, true);
  view.setUint32(12, size, true);
  view.setUint32(16, from, true);
  return end;
}
