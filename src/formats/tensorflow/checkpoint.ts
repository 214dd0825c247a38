import { existsSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { FormatError, UserError } from "../../base/errors.js";
import { readBounded } from "../../base/read_file.js";
import { decodeFloats, floatBytes } from "../float_bytes.js";
import { type ForeignTensor, shapeText } from "../foreign_tensor.js";
import { maskedCrc32c } from "./crc32c.js";
import { objectGraphKey, readVariableNames } from "./object_graph.js";
import { elementTypes, floatTypes } from "./element_types.js";
import { readSortedTable, type TableEntry } from "./sorted_table.js";
import { WireReader } from "./wire.js";

/** Bytes of the largest index and of the largest shard that are read. */
const largestIndex = 1 << 26;
const largestShard = 1 << 30;
const mostShards = 1000;
const mostAxes = 16;

/** Where a tensor of a checkpoint lies. */
export interface CheckpointEntry {
  readonly key: string;
  /** "float32", "int64", "string", ... */
  readonly type: string;
  readonly shape: readonly number[];
  readonly shard: number;
  /** Byte in the shard, and how many. */
  readonly offset: number;
  readonly size: number;
  readonly checksum: number;
}

/** What the index of a checkpoint says. */
export interface CheckpointIndex {
  /** Number of files with data. */
  readonly shards: number;
  readonly littleEndian: boolean;
  readonly entries: readonly CheckpointEntry[];
}

/**
 * Reads the index of a checkpoint (TensorFlow's tensor bundle): the file PREFIX.index.
 * @param file name for errors
 * @throws FormatError naming the byte or the tensor, and what was found
 */
export function readCheckpointIndex(bytes: Uint8Array, file: string): CheckpointIndex {
  const reader = new WireReader(file, "checkpoint index");
  const [head, ...rest] = readSortedTable(bytes, file);
  if (head === undefined || head.key !== "") return reader.refuse("first entry", "the checkpoint's header is missing");
  let shards = 0;
  let endianness = 0;
  for (const field of reader.fields(head.value, head.at)) {
    if (field.number === 1) shards = field.value;
    if (field.number === 2) endianness = field.value;
  }
  if (!(shards >= 1 && shards <= mostShards)) reader.refuse(head.at, `${shards} files of data, at most ${mostShards}`);
  return { shards, littleEndian: endianness === 0, entries: rest.map((entry) => readEntry(reader, entry, shards, file)) };
}

function readEntry(reader: WireReader, { key, value, at }: TableEntry, shards: number, file: string): CheckpointEntry {
  const entry = { type: 0, shape: [] as number[], shard: 0, offset: 0, size: 0, checksum: 0 };
  for (const field of reader.fields(value, at)) {
    if (field.number === 1) entry.type = field.value;
    if (field.number === 2) entry.shape = readShape(reader, reader.message(field), field.at);
    if (field.number === 3) entry.shard = field.value;
    if (field.number === 4) entry.offset = field.value;
    if (field.number === 5) entry.size = field.value;
    if (field.number === 6 && field.type === 5)
      entry.checksum = new DataView(field.bytes.buffer, field.bytes.byteOffset, 4).getUint32(0, true);
    if (field.number === 7)
      throw new FormatError(
        file,
        `tensor ${short(key)}`,
        "is stored in slices",
        "save the checkpoint without partitioned variables",
      );
  }
  const type = elementTypes.get(entry.type) ?? `type ${entry.type}`;
  if (!(entry.shard >= 0 && entry.shard < shards)) reader.refuse(`tensor ${short(key)}`, `shard ${entry.shard} of ${shards}`);
  if (!(entry.offset >= 0 && entry.size >= 0)) reader.refuse(`tensor ${short(key)}`, "a negative place or size");
  const kind = floatTypes.get(type);
  const bytes = kind === undefined ? entry.size : floatBytes[kind] * entry.shape.reduce((product, n) => product * n, 1);
  if (entry.size !== bytes) reader.refuse(`tensor ${short(key)}`, `${entry.size} bytes for ${type}${shapeText(entry.shape)}`);
  return { ...entry, key, type };
}

/** TensorShapeProto: the sizes, each a message of its own. */
export function readShape(reader: WireReader, bytes: Uint8Array, at: number): number[] {
  const shape: number[] = [];
  for (const dimension of reader.fields(bytes, at)) {
    if (dimension.number === 3 && dimension.value !== 0) reader.refuse(dimension.at, "a tensor of unknown rank");
    if (dimension.number !== 2) continue;
    let size = 0;
    for (const field of reader.fields(reader.message(dimension), dimension.at)) if (field.number === 1) size = field.value;
    if (size < 0 || size > 2 ** 31 || shape.length === mostAxes) reader.refuse(dimension.at, `a size of ${size}`);
    shape.push(size);
  }
  return shape;
}

const short = (key: string): string => key.slice(0, 120);

/** The tensors of a checkpoint. */
export interface Checkpoint {
  /** Those of floats by their keys; counters, texts and the like are left out. */
  readonly tensors: ReadonlyMap<string, ForeignTensor>;
  /** Full names of the variables by key, where the checkpoint tells them. */
  readonly names: ReadonlyMap<string, string>;
}

/**
 * Takes the tensors out of the bytes of a checkpoint's files.
 * @param shards content of PREFIX.data-0000i-of-0000n
 * @param names of the shards, for errors
 * @throws FormatError naming the tensor and what was found
 */
export function readCheckpointTensors(
  { entries, littleEndian }: CheckpointIndex,
  shards: readonly Uint8Array[],
  names: readonly string[],
): Checkpoint {
  const tensors = new Map<string, ForeignTensor>();
  let variables: ReadonlyMap<string, string> = new Map();
  // Entries may lead to the same bytes: together they must not be more than there are.
  let left = shards.reduce((sum, shard) => sum + shard.length, 0);
  for (const { key, type, shape, shard, offset, size, checksum } of entries) {
    const kind = floatTypes.get(type);
    if (kind === undefined && key !== objectGraphKey) continue;
    const content = shards[shard] as Uint8Array;
    const refuse = (found: string): never => {
      throw new FormatError(
        names[shard] as string,
        `tensor ${short(key)}`,
        found,
        "the checkpoint is damaged: take another copy",
      );
    };
    left -= size;
    if (offset + size > content.length) refuse(`bytes ${offset} to ${offset + size} of ${content.length}`);
    if (left < 0) refuse("tensors lie over each other");
    const bytes = content.subarray(offset, offset + size);
    if (kind === undefined) {
      variables = readVariableNames(bytes, names[shard] as string);
      continue;
    }
    if (maskedCrc32c(bytes) !== checksum) refuse("does not fit its checksum");
    tensors.set(key, { shape, data: decodeFloats(bytes, kind, littleEndian) });
  }
  return { tensors, names: variables };
}

/** Where the files of a checkpoint stand: everything before ".index". */
export function checkpointPrefix(path: string): string | undefined {
  if (path.endsWith(".index")) return path.slice(0, -".index".length);
  const data = /^(.*)\.data-\d{5}-of-\d{5}$/.exec(path);
  if (data) return data[1];
  if (existsSync(`${path}.index`)) return path;
  if (!existsSync(path) || !statSync(path).isDirectory()) return undefined;
  return existsSync(join(path, "variables", "variables.index")) ? join(path, "variables", "variables") : undefined;
}

/** Whether a path leads to a checkpoint: its prefix, one of its files, a folder with one, or a SavedModel. */
export async function findCheckpoint(path: string): Promise<string | undefined> {
  const prefix = checkpointPrefix(path);
  if (prefix !== undefined || !existsSync(join(path, "checkpoint"))) return prefix;
  const list = join(path, "checkpoint");
  const text = new TextDecoder().decode(await readBounded(list, 1 << 20, "it is a text of some lines"));
  const newest = /^model_checkpoint_path:\s*"([^"]+)"/m.exec(text)?.[1];
  if (newest === undefined)
    throw new FormatError(list, "model_checkpoint_path", "is missing", "give the checkpoint's name without .index");
  // Folders are moved, and then paths that were written down lead nowhere.
  return (
    [join(path, newest), newest, join(path, basename(newest))].find((name) => existsSync(`${name}.index`)) ?? join(path, newest)
  );
}

/**
 * Reads a checkpoint from disk.
 * @param prefix everything before ".index"
 * @throws UserError where a file is missing, FormatError where one is damaged
 */
export async function readCheckpoint(prefix: string): Promise<Checkpoint> {
  const file = `${prefix}.index`;
  const index = readCheckpointIndex(await readBounded(file, largestIndex, "an index has some kilobytes"), file);
  const names = Array.from({ length: index.shards }, (_, i) => `${prefix}.data-${digits(i)}-of-${digits(index.shards)}`);
  for (const name of names)
    if (!existsSync(name))
      throw new UserError(
        `${name}: is missing; the checkpoint ${basename(prefix)} has it beside its index in ${dirname(prefix)}`,
      );
  const shards: Uint8Array[] = [];
  for (const name of names) shards.push(await readBounded(name, largestShard, "a checkpoint of a spotter has some megabytes"));
  return readCheckpointTensors(index, shards, names);
}

const digits = (n: number): string => String(n).padStart(5, "0");
