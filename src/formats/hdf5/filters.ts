import { inflateSync } from "node:zlib";
import type { Hdf5Bytes } from "./cursor.js";

/** A step by which a chunk was packed. */
export interface Filter {
  /** 1: deflate, 2: shuffle, 3: checksum behind it. */
  readonly id: number;
  readonly values: readonly number[];
}

const mostFilters = 32;

/** Reads a filter pipeline message. */
export function readFilters(file: Hdf5Bytes, at: number): Filter[] {
  const version = file.u8(at);
  const count = file.u8(at + 1);
  if ((version !== 1 && version !== 2) || count > mostFilters) file.refuse(at, `${count} filters of version ${version}`);
  const filters: Filter[] = [];
  let i = at + (version === 1 ? 8 : 2);
  for (let n = 0; n < count; n++) {
    const id = file.u16(i);
    const named = version === 1 || id >= 256;
    const nameBytes = named ? file.u16(i + 2) : 0;
    const rest = named ? i + 4 : i + 2;
    const valueCount = file.u16(rest + 2);
    const values = rest + 4 + (version === 1 ? Math.ceil(nameBytes / 8) * 8 : nameBytes);
    filters.push({ id, values: Array.from({ length: Math.min(valueCount, 64) }, (_, v) => file.u32(values + 4 * v)) });
    i = values + 4 * valueCount + (version === 1 && valueCount % 2 === 1 ? 4 : 0);
  }
  return filters;
}

/**
 * Unpacks a chunk.
 * @param mask bit i: filter i was left out
 * @param size bytes of the unpacked chunk
 */
export function unpackChunk(
  file: Hdf5Bytes,
  at: number,
  packed: Uint8Array,
  filters: readonly Filter[],
  mask: number,
  size: number,
): Uint8Array {
  let bytes = packed;
  for (let i = filters.length - 1; i >= 0; i--) {
    const { id, values } = filters[i] as Filter;
    if ((mask >>> i) & 1) continue;
    if (id === 1) bytes = inflate(file, at, bytes, size);
    else if (id === 2) bytes = unshuffle(bytes, values[0] ?? 1);
    else if (id === 3) bytes = bytes.subarray(0, Math.max(0, bytes.length - 4));
    else file.refuse(at, `a chunk packed by filter ${id}`, "save the weights without compression, or with gzip");
  }
  if (bytes.length < size) file.refuse(at, `a chunk of ${bytes.length} bytes where ${size} are expected`);
  return bytes;
}

function inflate(file: Hdf5Bytes, at: number, bytes: Uint8Array, size: number): Uint8Array {
  try {
    return inflateSync(bytes, { maxOutputLength: size + 4 });
  } catch {
    return file.refuse(at, "a chunk that gzip cannot unpack");
  }
}

/** Bytes lie sorted by their place in the element: all first ones, all second ones, and so on. */
function unshuffle(bytes: Uint8Array, size: number): Uint8Array {
  if (size <= 1 || size > bytes.length) return bytes;
  const count = Math.floor(bytes.length / size);
  // A Buffer's slice would not copy.
  const out = new Uint8Array(bytes);
  for (let place = 0; place < size; place++)
    for (let i = 0; i < count; i++) out[i * size + place] = bytes[place * count + i] as number;
  return out;
}
