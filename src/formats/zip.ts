import { crc32 } from "node:zlib";
import { FormatError } from "../base/errors.js";
import { readZipDirectory } from "./zip_directory.js";
import { directoryEnd, directoryEntry, localHeader, localHeaderBytes } from "./zip_records.js";

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

const remedy = "the archive is cut off or damaged: take another copy";

/** Whether the bytes begin as a ZIP archive with files does. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

/**
 * The files of a ZIP archive in memory by name. What is stored is checked against its CRC; what is deflated is left to the caller.
 * @param file name for error messages
 * @throws FormatError where directory, sizes and bytes do not agree, or a name stands twice
 */
export function readZip(content: Uint8Array, file: string): Map<string, ZipEntry> {
  const read = (from: number, length: number): Uint8Array => content.subarray(from, from + length);
  const members = readZipDirectory({ file, size: content.length, remedy, read });
  const entries = new Map<string, ZipEntry>();
  for (const { name, method, size, packed, offset, checksum } of members.values()) {
    const bytes = read(offset, packed);
    if (method === 0 && crc32(bytes) !== checksum)
      throw new FormatError(file, `byte ${offset}`, `${JSON.stringify(name.slice(0, 80))} is not what its checksum says`, remedy);
    entries.set(name, { name, method, size, bytes });
  }
  return entries;
}

/** A file for a ZIP archive. */
export interface ZipFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * A ZIP archive of stored files, in the given order.
 * @param alignment each file's bytes begin at a multiple of it; what stands between is an extra field of the id "FB", as PyTorch writes it
 */
export function writeZip(files: readonly ZipFile[], alignment = 1): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const { name, bytes } of files) {
    const record = { name, size: bytes.length, checksum: crc32(bytes), start: at, version: 20 } as const;
    const header = localHeader(record, padding(at + localHeaderBytes + Buffer.byteLength(name), alignment));
    directory.push(directoryEntry(record));
    parts.push(header, bytes);
    at += header.length + bytes.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([...parts, ...directory, directoryEnd(files.length, size, at)]);
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
