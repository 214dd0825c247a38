/** A stored file of a ZIP archive. */
export interface ZipRecord {
  readonly name: string;
  /** Bytes and their CRC-32. */
  readonly size: number;
  readonly checksum: number;
  /** First byte of its local header. */
  readonly start: number;
  /** Version of the format that a reader needs, times ten: 20, or 45 for 64-bit sizes. */
  readonly version: 20 | 45;
}

const commonBytes = 26;
/** 1 January 1980: equal content gives equal bytes. */
const noDate = 0x21;
const largestNarrow = 0xffffffff;
/** Bytes of a local header before the name. */
export const localHeaderBytes = 30;

/**
 * What stands before a file's bytes: its header, its name, its extra field.
 * @param isWide the sizes are in the extra field, which begins with `wideField`
 */
export function localHeader(record: ZipRecord, extra: Uint8Array, isWide = false): Buffer {
  return Buffer.concat([
    Buffer.from("PK\x03\x04", "latin1"),
    commonFields(record, isWide, extra.length),
    Buffer.from(record.name),
    extra,
  ]);
}

/** A file's entry in the directory, with 64-bit sizes where they are needed. */
export function directoryEntry(record: ZipRecord): Buffer {
  const { name, size, start, version } = record;
  const isWide = size >= largestNarrow || start >= largestNarrow;
  const extra = isWide ? wideField([size, size, start]) : Buffer.alloc(0);
  const tail = Buffer.alloc(14);
  tail.writeUInt32LE(isWide ? largestNarrow : start, 10);
  const head = Buffer.from([0x50, 0x4b, 1, 2, version, 0]);
  return Buffer.concat([head, commonFields(record, isWide, extra.length), tail, Buffer.from(name), extra]);
}

/** The end of an archive whose directory of `count` files has `size` bytes from byte `from` on. */
export function directoryEnd(count: number, size: number, from: number): Buffer {
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

/** The extra field (id 1) of 64-bit sizes and places. */
export function wideField(values: readonly number[]): Buffer {
  const field = Buffer.alloc(4 + 8 * values.length);
  field.writeUInt16LE(1, 0);
  field.writeUInt16LE(8 * values.length, 2);
  values.forEach((value, i) => field.writeBigUInt64LE(BigInt(value), 4 + 8 * i));
  return field;
}

/** Fields that local header and directory have in common, from the version needed on. */
function commonFields({ name, size, checksum, version }: ZipRecord, isWide: boolean, extra: number): Buffer {
  const fields = Buffer.alloc(commonBytes);
  fields.writeUInt16LE(version, 0);
  fields.writeUInt16LE(noDate, 8);
  fields.writeUInt32LE(checksum, 10);
  fields.writeUInt32LE(isWide ? largestNarrow : size, 14);
  fields.writeUInt32LE(isWide ? largestNarrow : size, 18);
  fields.writeUInt16LE(Buffer.byteLength(name), 22);
  fields.writeUInt16LE(extra, 24);
  return fields;
}
