import { FormatError, invariant } from "../base/errors.js";
import { duplicateKey } from "./json_keys.js";

/** Element types of safetensors that earshot reads. F16 and BF16 come as their bits. */
const arrays = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
  I32: Int32Array,
  U32: Uint32Array,
  I16: Int16Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const;

export type SafetensorsType = keyof typeof arrays;

export type SafetensorsData =
  | Float64Array
  | Float32Array
  | Uint16Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Int8Array
  | Uint8Array;

/** One tensor, row-major. */
export interface SafetensorsTensor {
  readonly type: SafetensorsType;
  readonly shape: readonly number[];
  readonly data: SafetensorsData;
}

export interface Safetensors {
  readonly tensors: Map<string, SafetensorsTensor>;
  readonly metadata: Map<string, string>;
}

/** Bound of the header, as in the reference implementation. */
const longestHeader = 100_000_000;
const mostDimensions = 32;
const metadataKey = "__metadata__";
const remedy = "it is no undamaged safetensors file: take another copy";

/**
 * Reads the bytes of a .safetensors file.
 * @param file name for error messages
 * @throws FormatError where header, types, shapes and offsets do not agree with each other and with the bytes: every
 *   byte after the header must belong to exactly one tensor
 */
export function parseSafetensors(content: Uint8Array, file: string): Safetensors {
  // A plain view: `slice` of a Buffer would not copy.
  const bytes = new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8) throw new FormatError(file, "byte 0", `the file has only ${bytes.length} bytes`, remedy);
  const length = view.getBigUint64(0, true);
  if (length > BigInt(Math.min(longestHeader, bytes.length - 8)))
    throw new FormatError(file, "byte 0", `a header of ${length} bytes in a file of ${bytes.length}`, remedy);
  const header = parseHeader(bytes.subarray(8, 8 + Number(length)), file);
  const body = bytes.subarray(8 + Number(length));
  const metadata = readMetadata(header[metadataKey], file);
  const entries = Object.entries(header)
    .filter(([name]) => name !== metadataKey)
    .map(([name, entry]) => readEntry(name, entry, body.length, file));
  checkCover(entries, body.length, file);
  return { tensors: new Map(entries.map((entry) => [entry.name, readTensor(entry, body)])), metadata };
}

interface Entry {
  readonly name: string;
  readonly type: SafetensorsType;
  readonly shape: number[];
  readonly from: number;
  readonly to: number;
}

function parseHeader(bytes: Uint8Array, file: string): Record<string, unknown> {
  const refuse = (found: string): never => {
    throw new FormatError(file, "header", found, remedy);
  };
  // The first byte tells a safetensors header from other files whose first eight bytes are a small number.
  if (bytes[0] !== 0x7b) refuse("does not begin with {");
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    header = JSON.parse(text);
  } catch {
    return refuse("is not JSON in UTF-8");
  }
  const twice = duplicateKey(text);
  if (twice !== undefined) refuse(`key ${JSON.stringify(twice.slice(0, 80))} stands twice`);
  return header as Record<string, unknown>;
}

function readMetadata(entry: unknown, file: string): Map<string, string> {
  if (entry === undefined) return new Map();
  const isTable = typeof entry === "object" && entry !== null && !Array.isArray(entry);
  if (!isTable || !Object.values(entry).every((v) => typeof v === "string"))
    throw new FormatError(file, "header, __metadata__", "is not a table of texts", remedy);
  return new Map(Object.entries(entry as Record<string, string>));
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function readEntry(name: string, entry: unknown, bodyBytes: number, file: string): Entry {
  const place = `header, tensor ${JSON.stringify(name.slice(0, 80))}`;
  const refuse = (found: string): never => {
    throw new FormatError(file, place, found, remedy);
  };
  if (typeof entry !== "object" || entry === null) return refuse("is not a table");
  const { dtype, shape, data_offsets: offsets } = entry as Record<string, unknown>;
  if (typeof dtype !== "string" || !Object.hasOwn(arrays, dtype))
    return refuse(`element type ${JSON.stringify(dtype)} is not known`);
  if (!Array.isArray(shape) || shape.length > mostDimensions || !shape.every(isCount))
    return refuse("has no shape of whole numbers");
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) return refuse("has no data_offsets [from, to]");
  const [from, to] = offsets as [number, number];
  if (from > to || to > bodyBytes) return refuse(`lies at bytes ${from} to ${to} of ${bodyBytes}`);
  const type = dtype as SafetensorsType;
  const bytes = (shape as number[]).reduce((product, n) => product * n, arrays[type].BYTES_PER_ELEMENT);
  if (bytes !== to - from) return refuse(`${dtype}[${shape.join(",")}] has ${bytes} bytes, and its offsets say ${to - from}`);
  return { name, type, shape: shape as number[], from, to };
}

function checkCover(entries: readonly Entry[], bodyBytes: number, file: string): void {
  let end = 0;
  let before = "the header";
  for (const entry of entries.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
    if (entry.from !== end) {
      const found = entry.from < end ? "overlaps" : `leaves a gap of ${entry.from - end} bytes after`;
      throw new FormatError(file, `header, tensor ${JSON.stringify(entry.name.slice(0, 80))}`, `${found} ${before}`, remedy);
    }
    end = entry.to;
    before = JSON.stringify(entry.name.slice(0, 80));
  }
  if (end !== bodyBytes) throw new FormatError(file, "its end", `${bodyBytes - end} bytes belong to no tensor`, remedy);
}

function readTensor(entry: Entry, body: Uint8Array): SafetensorsTensor {
  // A copy, so that the elements are aligned and outlive the file's bytes.
  const bytes = body.slice(entry.from, entry.to);
  return { type: entry.type, shape: entry.shape, data: new arrays[entry.type](bytes.buffer as ArrayBuffer) };
}

/** The bytes of a .safetensors file; equal content gives equal bytes, whatever the order of the maps. */
export function writeSafetensors(content: Safetensors): Uint8Array {
  const names = [...content.tensors.keys()];
  const tensorOf = (name: string): SafetensorsTensor => content.tensors.get(name) as SafetensorsTensor;
  const width = (name: string): number => arrays[tensorOf(name).type].BYTES_PER_ELEMENT;
  // Widest elements first, so that every tensor is aligned (the order of the reference implementation).
  names.sort((a, b) => width(b) - width(a) || (a < b ? -1 : 1));
  const metadata = [...content.metadata].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const header: [string, unknown][] = metadata.length > 0 ? [[metadataKey, Object.fromEntries(metadata)]] : [];
  let end = 0;
  for (const name of names) {
    const { type, shape, data } = tensorOf(name);
    invariant(name !== metadataKey, "a tensor cannot have this name");
    invariant(shape.reduce((product, n) => product * n, 1) === data.length, `${name}: shape and data disagree`);
    header.push([name, { dtype: type, shape, data_offsets: [end, end + data.byteLength] }]);
    end += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const padded = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + padded + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.fill(0x20, 8, 8 + padded);
  bytes.set(json, 8);
  let at = 8 + padded;
  for (const name of names) {
    const { data } = tensorOf(name);
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}
