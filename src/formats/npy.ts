import { FormatError, UsageError } from "../base/errors.js";

/** Element types of .npy files that earshot reads; all little endian. */
export type NpyType = "u8" | "i8" | "bool" | "u16" | "i16" | "u32" | "i32" | "u64" | "i64" | "f16" | "f32" | "f64";

/** What a .npy file says about itself. */
export interface NpyHeader {
  type: NpyType;
  shape: number[];
  /** Bytes of one element. */
  itemBytes: number;
  /** Product of the shape. */
  elements: number;
  /** Where the elements start, in bytes; they lie in C order. */
  dataOffset: number;
}

/** Typed array that holds the elements; f16 comes back as its bits, bool as 0 and 1. */
export type NpyData =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

const kinds: Record<string, NpyType> = {
  u1: "u8",
  i1: "i8",
  b1: "bool",
  u2: "u16",
  i2: "i16",
  u4: "u32",
  i4: "i32",
  u8: "u64",
  i8: "i64",
  f2: "f16",
  f4: "f32",
  f8: "f64",
};
const descriptors: Record<NpyType, string> = {
  u8: "|u1",
  i8: "|i1",
  bool: "|b1",
  u16: "<u2",
  i16: "<i2",
  u32: "<u4",
  i32: "<i4",
  u64: "<u8",
  i64: "<i8",
  f16: "<f2",
  f32: "<f4",
  f64: "<f8",
};
/** Array of a type's elements; bool is one byte, f16 its bits. */
export const npyArrays = {
  u8: Uint8Array,
  i8: Int8Array,
  bool: Uint8Array,
  u16: Uint16Array,
  i16: Int16Array,
  u32: Uint32Array,
  i32: Int32Array,
  u64: BigUint64Array,
  i64: BigInt64Array,
  f16: Uint16Array,
  f32: Float32Array,
  f64: Float64Array,
} as const;

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const longestHeader = 65536;
const mostDimensions = 32;

/** Bytes that surely hold the header of a file: read so many at most before calling `parseNpyHeader`. */
export const npyHeaderLimit = 12 + longestHeader;

/**
 * Reads the header of a .npy file, versions 1 to 3 (NEP 1).
 * @param bytes the start of the file, up to `npyHeaderLimit` bytes
 * @param file name for messages
 * @param fileBytes size of the whole file; the elements must fit into it
 */
export function parseNpyHeader(bytes: Uint8Array, file: string, fileBytes = bytes.length): NpyHeader {
  const text = headerText(bytes, file);
  const dataOffset = text.end;
  const fields = parseDictionary(text.header, file);
  const { type, itemBytes } = parseDescriptor(fields.descr, file);
  const elements = countElements(fields.shape, file);
  if (fields.fortran && fields.shape.filter((size) => size !== 1).length > 1) {
    throw new FormatError(file, "header", "the array lies in Fortran order", "store it with numpy.ascontiguousarray");
  }
  if (elements * itemBytes > fileBytes - dataOffset) {
    const found = `shape (${fields.shape.join(", ")}) needs ${elements * itemBytes} bytes, ${Math.max(0, fileBytes - dataOffset)} follow`;
    throw new FormatError(file, "header", found, "the file is cut off; write or copy it again");
  }
  return { type, shape: fields.shape, itemBytes, elements, dataOffset };
}

/** Reads a whole .npy file. */
export function decodeNpy(bytes: Uint8Array, file: string): { shape: number[]; type: NpyType; data: NpyData } {
  const header = parseNpyHeader(bytes, file);
  const body = bytes.slice(header.dataOffset, header.dataOffset + header.elements * header.itemBytes);
  return { shape: header.shape, type: header.type, data: viewNpy(body, header.type) };
}

/** A typed array on bytes that start at a multiple of the element size in their buffer. */
export function viewNpy(bytes: Uint8Array, type: NpyType): NpyData {
  const Type = npyArrays[type];
  return new Type(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength / Type.BYTES_PER_ELEMENT);
}

/** Bytes of one element. */
export function npyItemBytes(type: NpyType): number {
  return npyArrays[type].BYTES_PER_ELEMENT;
}

/**
 * The header of a version 1 file, padded with blanks to `length` bytes so that it can be rewritten in place with another shape.
 * @param length default: the next multiple of 64
 */
export function encodeNpyHeader(type: NpyType, shape: readonly number[], length?: number): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const text = `{'descr': '${descriptors[type]}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const total = length ?? Math.ceil((10 + text.length + 1) / 64) * 64;
  if (total % 64 !== 0 || total < 10 + text.length + 1 || total > 65536)
    throw new UsageError(`a .npy header of ${total} bytes does not hold ${text}`);
  const bytes = new Uint8Array(total).fill(0x20);
  bytes.set([...magic, 1, 0, (total - 10) & 255, (total - 10) >> 8]);
  for (let i = 0; i < text.length; i++) bytes[10 + i] = text.charCodeAt(i);
  bytes[total - 1] = 0x0a;
  return bytes;
}

/** A whole .npy file of version 1. */
export function encodeNpy(type: NpyType, shape: readonly number[], data: NpyData): Uint8Array {
  const elements = shape.reduce((product, size) => product * size, 1);
  if (elements !== data.length || data.BYTES_PER_ELEMENT !== npyItemBytes(type)) {
    throw new UsageError(
      `${data.length} elements of ${data.BYTES_PER_ELEMENT} bytes are no ${type} array of shape (${shape.join(", ")})`,
    );
  }
  const header = encodeNpyHeader(type, shape);
  const bytes = new Uint8Array(header.length + data.byteLength);
  bytes.set(header);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), header.length);
  return bytes;
}

/** Value of an IEEE 754 half from its bits. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

function headerText(bytes: Uint8Array, file: string): { header: string; end: number } {
  const remedy = "give a file written by numpy.save";
  if (bytes.length < 10 || magic.some((byte, i) => bytes[i] !== byte))
    throw new FormatError(file, "byte 0", "no .npy signature", remedy);
  const version = bytes[6];
  if (version < 1 || version > 3) throw new FormatError(file, "byte 6", `version ${version}`, "earshot reads versions 1 to 3");
  const wide = version >= 2;
  const start = wide ? 12 : 10;
  if (bytes.length < start) throw new FormatError(file, "byte 8", "the file ends inside the header", remedy);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  if (length > longestHeader)
    throw new FormatError(file, "byte 8", `a header of ${length} bytes`, `at most ${longestHeader} are read`);
  if (start + length > bytes.length)
    throw new FormatError(file, "byte 8", `a header of ${length} bytes in a file that ends before`, remedy);
  return { header: new TextDecoder("utf-8").decode(bytes.subarray(start, start + length)), end: start + length };
}

/** The header is a Python dictionary of a fixed form; order and spacing may vary. */
function parseDictionary(text: string, file: string): { descr: string; fortran: boolean; shape: number[] } {
  const wrong = (found: string) =>
    new FormatError(file, "header", found, "expected {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}");
  const body = /^\s*\{([^{}]*)\}\s*$/.exec(text)?.[1];
  if (body === undefined) throw wrong(`${JSON.stringify(text.slice(0, 60))} is no dictionary of simple values`);
  const pattern = /\s*(['"])(\w+)\1\s*:\s*(?:(['"])([^'"]*)\3|(True|False)|\(([\dL,\s]*)\))\s*(?:,|$)/y;
  const seen = new Map<string, string>();
  while (pattern.lastIndex < body.trimEnd().length) {
    const match = pattern.exec(body);
    if (match === null) throw wrong("a structured or unknown element type, or a value of another kind");
    const key = match[2] as string;
    if (seen.has(key)) throw wrong(`the key '${key}' stands twice`);
    seen.set(key, match[4] ?? match[5] ?? match[6] ?? "");
  }
  const [descr, order, dimensions] = ["descr", "fortran_order", "shape"].map((key) => seen.get(key));
  if (seen.size !== 3 || descr === undefined || dimensions === undefined || (order !== "True" && order !== "False"))
    throw wrong(`keys ${[...seen.keys()].join(", ")}`);
  return { descr, fortran: order === "True", shape: parseShape(dimensions, wrong) };
}

function parseShape(text: string, wrong: (found: string) => FormatError): number[] {
  const parts = text.split(",").map((part) => part.trim());
  if (parts.at(-1) === "") parts.pop();
  if (parts.length > mostDimensions) throw wrong(`${parts.length} dimensions`);
  return parts.map((part) => {
    if (!/^\d{1,16}L?$/.test(part)) throw wrong(`a dimension ${JSON.stringify(part.slice(0, 30))}`);
    return Number.parseInt(part, 10);
  });
}

function parseDescriptor(descr: string, file: string): { type: NpyType; itemBytes: number } {
  const match = /^([<>|=])([a-zA-Z]\d+)$/.exec(descr);
  const type = match === null ? undefined : kinds[match[2] as string];
  if (match === null || type === undefined) {
    throw new FormatError(
      file,
      "header",
      `element type '${descr.slice(0, 30)}'`,
      "store integers or floats, such as array.astype('<f4')",
    );
  }
  const itemBytes = npyItemBytes(type);
  if (match[1] === ">" && itemBytes > 1)
    throw new FormatError(file, "header", `big-endian element type '${descr}'`, "store it with astype('<f4') or the like");
  return { type, itemBytes };
}

function countElements(shape: readonly number[], file: string): number {
  let elements = 1;
  for (const size of shape) elements *= size;
  if (!(elements <= Number.MAX_SAFE_INTEGER / 8))
    throw new FormatError(file, "header", `shape (${shape.join(", ")})`, "no file is that large");
  return elements;
}
