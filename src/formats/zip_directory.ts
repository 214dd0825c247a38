import { FormatError } from "../base/errors.js";

/** The bytes of an archive, wherever they lie. */
export interface ZipSource {
  /** Name for error messages. */
  readonly file: string;
  /** Bytes in all. */
  readonly size: number;
  /** What to do about a damaged archive. */
  readonly remedy: string;
  /** `length` bytes from `from` on, all of which lie inside. */
  read(from: number, length: number): Uint8Array;
}

/** What an archive's directory says of a file. */
export interface ZipMember {
  readonly name: string;
  /** 0: stored as it is; 8: deflated. */
  readonly method: number;
  /** Bytes when unpacked. */
  readonly size: number;
  /** Bytes in the archive, and the first of them. */
  readonly packed: number;
  readonly offset: number;
  /** CRC-32 of the unpacked bytes. */
  readonly checksum: number;
}

const endSignature = 0x06054b50;
const end64Signature = 0x06064b50;
const locator64Signature = 0x07064b50;
const entrySignature = 0x02014b50;
const fileSignature = 0x04034b50;
const endBytes = 22;
const end64Bytes = 56;
const locator64Bytes = 20;
const entryBytes = 46;
const localBytes = 30;
const longestComment = 0xffff;
/** What stands in a field whose value is in the 64-bit extra field. */
const moved = 0xffffffff;
const mostEntries = 100_000;
const largestDirectory = 16 << 20;

/**
 * The files of a ZIP archive by name, from its directory, with 64-bit sizes or without (APPNOTE.TXT 6.3); each lies inside the archive.
 * @throws FormatError where directory, headers and sizes do not agree, a file is encrypted, or a name stands twice
 */
export function readZipDirectory(source: ZipSource): Map<string, ZipMember> {
  return new DirectoryReader(source).members();
}

const quoted = (name: string): string => JSON.stringify(name.slice(0, 80));
const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

class DirectoryReader {
  readonly #source: ZipSource;

  constructor(source: ZipSource) {
    this.#source = source;
  }

  members(): Map<string, ZipMember> {
    const { count, from, size } = this.#directory();
    const bytes = this.#source.read(from, size);
    const found = new Map<string, ZipMember>();
    for (let i = 0, at = 0; i < count; i++) {
      if (at + entryBytes > size || viewOf(bytes).getUint32(at, true) !== entrySignature)
        throw this.#fault(from + at, `entry ${i + 1} of ${count} of the directory is missing`);
      const { member, next } = this.#entry(bytes, at, from);
      if (found.has(member.name)) throw this.#fault(from + at, `${quoted(member.name)} stands twice`);
      found.set(member.name, member);
      at = next;
    }
    return found;
  }

  #fault(at: number, found: string): FormatError {
    return new FormatError(this.#source.file, `byte ${at}`, found, this.#source.remedy);
  }

  /** Where the directory lies. */
  #directory(): { count: number; from: number; size: number } {
    const { size: total, file, remedy } = this.#source;
    const length = Math.min(total, endBytes + longestComment + locator64Bytes);
    const tail = viewOf(this.#source.read(total - length, length));
    let place = length - endBytes;
    const first = Math.max(0, place - longestComment);
    while (place >= first && tail.getUint32(place, true) !== endSignature) place--;
    if (place < first) throw new FormatError(file, "its end", "no directory of a ZIP archive", remedy);
    const end = total - length + place;
    const wide = place >= locator64Bytes ? this.#end64(tail, place - locator64Bytes, end) : undefined;
    const count = wide?.count ?? tail.getUint16(place + 10, true);
    const size = wide?.size ?? tail.getUint32(place + 12, true);
    const from = wide?.from ?? tail.getUint32(place + 16, true);
    if (count > mostEntries) throw this.#fault(end, `${count} files, at most ${mostEntries} are read`);
    if (size > largestDirectory || from + size > end || count * entryBytes > size)
      throw new FormatError(file, "its end", `a directory of ${count} files in ${size} bytes from byte ${from}`, remedy);
    return { count, from, size };
  }

  /** The 64-bit end of the directory, where there is a locator of it before the end. */
  #end64(tail: DataView, place: number, end: number): { count: number; size: number; from: number } | undefined {
    if (tail.getUint32(place, true) !== locator64Signature) return undefined;
    const locator = end - locator64Bytes;
    const at = this.#number64(tail, place + 8, locator + 8);
    const record = at + end64Bytes <= locator ? viewOf(this.#source.read(at, end64Bytes)) : undefined;
    if (record?.getUint32(0, true) !== end64Signature)
      throw this.#fault(locator, `the 64-bit end of the directory is not at byte ${at}`);
    const [count, size, from] = [32, 40, 48].map((field) => this.#number64(record, field, at + field)) as [
      number,
      number,
      number,
    ];
    return { count, size, from };
  }

  /** A 64-bit number in the view; `at` is its place in the archive. */
  #number64(view: DataView, place: number, at: number): number {
    const value = view.getBigUint64(place, true);
    if (value > BigInt(this.#source.size)) throw this.#fault(at, `${value} in a file of ${this.#source.size} bytes`);
    return Number(value);
  }

  /** The entry at `at` in the directory, which begins at byte `from` of the archive. */
  #entry(directory: Uint8Array, at: number, from: number): { member: ZipMember; next: number } {
    const view = viewOf(directory);
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => view.getUint16(at + field, true)) as [
      number,
      number,
      number,
    ];
    const extra = at + entryBytes + nameLength;
    const next = extra + extraLength + commentLength;
    if (next > directory.length) throw this.#fault(from + at, "an entry goes on behind the directory's end");
    const name = new TextDecoder().decode(directory.subarray(at + entryBytes, extra));
    if ((view.getUint16(at + 8, true) & 1) !== 0) throw this.#fault(from + at, `${quoted(name)} is encrypted`);
    const sizes = {
      size: view.getUint32(at + 24, true),
      packed: view.getUint32(at + 20, true),
      local: view.getUint32(at + 42, true),
    };
    this.#widen(sizes, view, extra, extraLength, from);
    const { size, packed } = sizes;
    const member = { name, method: view.getUint16(at + 10, true), size, packed, checksum: view.getUint32(at + 16, true) };
    if (member.method === 0 && size !== packed)
      throw this.#fault(from + at, `${quoted(name)} is stored as it is, and has ${packed} bytes instead of ${size}`);
    return { member: { ...member, offset: this.#offset(sizes.local, packed, name) }, next };
  }

  /** Puts in the 64-bit values of the extra field (id 1), which has those that do not fit, in this order. */
  #widen(
    sizes: { size: number; packed: number; local: number },
    view: DataView,
    start: number,
    length: number,
    from: number,
  ): void {
    for (let at = start; at + 4 <= start + length; at += 4 + view.getUint16(at + 2, true)) {
      if (view.getUint16(at, true) !== 1) continue;
      let value = at + 4;
      const end = Math.min(value + view.getUint16(at + 2, true), start + length);
      for (const key of ["size", "packed", "local"] as const) {
        if (sizes[key] !== moved) continue;
        if (value + 8 > end) throw this.#fault(from + at, "a 64-bit size is missing");
        sizes[key] = this.#number64(view, value, from + value);
        value += 8;
      }
      return;
    }
  }

  /** The first byte of a file, behind its local header, which has a name and an extra field of its own. */
  #offset(local: number, packed: number, name: string): number {
    const total = this.#source.size;
    const header = local + localBytes <= total ? viewOf(this.#source.read(local, localBytes)) : undefined;
    if (header?.getUint32(0, true) !== fileSignature) throw this.#fault(local, `${quoted(name)} does not begin here`);
    const offset = local + localBytes + header.getUint16(26, true) + header.getUint16(28, true);
    if (offset + packed > total) throw this.#fault(local, `${quoted(name)} has ${packed} bytes in a file of ${total}`);
    return offset;
  }
}
