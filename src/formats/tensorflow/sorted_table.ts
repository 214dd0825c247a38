import { FormatError } from "../../base/errors.js";
import { maskedCrc32c } from "./crc32c.js";
import { WireReader } from "./wire.js";

/** Handles of the two index blocks, filled up to 40 bytes, and the magic number (LevelDB's table format). */
const footerBytes = 48;
const magic = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];
/** Behind every block: kind of compression, checksum. */
const trailerBytes = 5;
const mostEntries = 1 << 17;
const longestKey = 4096;

/** An entry of a table. */
export interface TableEntry {
  readonly key: string;
  readonly value: Uint8Array;
  /** Byte of the file where the value stands. */
  readonly at: number;
}

/**
 * Reads a sorted table as LevelDB and TensorFlow's checkpoints have it (`.index`), blocks not compressed, every checksum looked at.
 * @param file name for errors
 * @throws FormatError naming the byte and what stands there
 */
export function readSortedTable(bytes: Uint8Array, file: string): TableEntry[] {
  const reader = new WireReader(file, "checkpoint index");
  const footer = bytes.length - footerBytes;
  if (footer < 0) reader.refuse("size", `${bytes.length} bytes, at least ${footerBytes}`);
  if (magic.some((byte, i) => bytes[footer + 40 + i] !== byte)) reader.refuse(footer + 40, "the table's magic number is missing");
  const meta = handle(reader, bytes, footer);
  const index = handle(reader, bytes, meta.next);
  const budget = { entries: mostEntries };
  const entries: TableEntry[] = [];
  const seen = new Set<number>();
  for (const { value, at } of readBlock(reader, bytes, index, file, budget)) {
    const block = handle(reader, value, 0, at);
    if (seen.has(block.offset)) reader.refuse(at, `the block at byte ${block.offset} for the second time`);
    seen.add(block.offset);
    for (const entry of readBlock(reader, bytes, block, file, budget)) entries.push(entry);
  }
  return entries;
}

interface BlockHandle {
  readonly offset: number;
  readonly size: number;
  /** Byte behind the handle. */
  readonly next: number;
}

function handle(reader: WireReader, bytes: Uint8Array, from: number, at = 0): BlockHandle {
  const offset = reader.varint(bytes, from, at);
  const size = reader.varint(bytes, offset.next, at);
  return { offset: offset.value, size: size.value, next: size.next };
}

function readBlock(
  reader: WireReader,
  bytes: Uint8Array,
  { offset, size }: BlockHandle,
  file: string,
  budget: { entries: number },
): TableEntry[] {
  if (!(offset >= 0 && size >= 4 && offset + size + trailerBytes <= bytes.length))
    reader.refuse(`byte ${offset}`, `a block of ${size} bytes in a file of ${bytes.length}`);
  const content = bytes.subarray(offset, offset + size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const compression = bytes[offset + size] as number;
  if (view.getUint32(offset + size + 1, true) !== maskedCrc32c(bytes.subarray(offset, offset + size + 1)))
    reader.refuse(offset, "the block does not fit its checksum");
  if (compression !== 0)
    throw new FormatError(
      file,
      `byte ${offset + size}`,
      `a compressed block (kind ${compression})`,
      "TensorFlow writes them plain",
    );
  const restarts = view.getUint32(offset + size - 4, true);
  const end = size - 4 - 4 * restarts;
  if (end < 0) reader.refuse(offset, `${restarts} restarts in a block of ${size} bytes`);
  return readEntries(reader, content.subarray(0, end), offset, budget);
}

/** A key begins with `shared` bytes of the key before it. */
function readEntries(reader: WireReader, block: Uint8Array, at: number, budget: { entries: number }): TableEntry[] {
  const entries: TableEntry[] = [];
  let key = new Uint8Array(0);
  for (let i = 0; i < block.length; ) {
    if (--budget.entries < 0) reader.refuse(at + i, `more than ${mostEntries} entries`);
    const shared = reader.varint(block, i, at);
    const own = reader.varint(block, shared.next, at);
    const length = reader.varint(block, own.next, at);
    const start = length.next;
    if (shared.value > key.length || shared.value + own.value > longestKey)
      reader.refuse(at + i, `a key of ${shared.value} + ${own.value} bytes`);
    if (own.value + length.value > block.length - start) reader.refuse(at + i, `an entry beyond the end of its block`);
    const next = new Uint8Array(shared.value + own.value);
    next.set(key.subarray(0, shared.value));
    next.set(block.subarray(start, start + own.value), shared.value);
    key = next;
    const from = start + own.value;
    entries.push({ key: new TextDecoder().decode(key), value: block.subarray(from, from + length.value), at: at + from });
    i = from + length.value;
  }
  return entries;
}
