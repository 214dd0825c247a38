import { sizeOf } from "../../graph/types.js";
import type { Hdf5Bytes } from "./cursor.js";
import { type Filter, unpackChunk } from "./filters.js";

/** How the elements of a dataset lie: shape, bytes an element. */
export interface DatasetShape {
  readonly shape: readonly number[];
  readonly elementBytes: number;
}

const mostLevels = 32;

/**
 * The bytes of a dataset, row-major.
 * @param at its layout message
 */
export function readDataset(file: Hdf5Bytes, at: number, dataset: DatasetShape, filters: readonly Filter[]): Uint8Array {
  const size = sizeOf(dataset.shape) * dataset.elementBytes;
  const version = file.u8(at);
  if (version !== 3 && version !== 4)
    return file.refuse(at, `a layout of version ${version}`, "save the file with a library of today");
  const kind = file.u8(at + 1);
  if (kind === 0) {
    if (file.u16(at + 2) < size) file.refuse(at, `${file.u16(at + 2)} bytes where ${size} are expected`);
    return file.slice(at + 4, size);
  }
  if (kind === 1) {
    const from = file.address(at + 2);
    if (from === undefined) return zeros(file, at, size);
    if (file.length(at + 10) < size) file.refuse(at, `${file.length(at + 10)} bytes where ${size} are expected`);
    return file.slice(from, size);
  }
  if (kind === 2 && version === 3) return readChunks(file, at, dataset, filters, size);
  return file.refuse(at, `a layout of kind ${kind}, version ${version}`, 'save the file with libver "earliest", h5py\'s default');
}

/** Data that was never written. */
function zeros(file: Hdf5Bytes, at: number, size: number): Uint8Array {
  file.take(at, size);
  return new Uint8Array(size);
}

function readChunks(file: Hdf5Bytes, at: number, dataset: DatasetShape, filters: readonly Filter[], size: number): Uint8Array {
  const { shape, elementBytes } = dataset;
  const rank = file.u8(at + 2) - 1;
  if (rank !== shape.length) file.refuse(at, `chunks of ${rank} axes for data of ${shape.length}`);
  const tree = file.address(at + 3);
  const chunk = Array.from({ length: rank }, (_, i) => file.u32(at + 11 + 4 * i));
  if (chunk.some((n) => n === 0)) file.refuse(at, `chunks of [${chunk.join(",")}]`);
  const chunkBytes = sizeOf(chunk) * elementBytes;
  // A chunk at the edge is as large as the others, but none is much larger than the data.
  if (!(chunkBytes <= 64 * (size + (1 << 16))))
    file.refuse(at, `chunks of [${chunk.join(",")}] for data of [${shape.join(",")}]`);
  const out = zeros(file, at, size);
  if (tree === undefined) return out;
  for (const leaf of chunksOf(file, tree, rank)) {
    if (leaf.offset.some((n, i) => n >= (shape[i] as number) || n % (chunk[i] as number) !== 0))
      file.refuse(leaf.key, `a chunk at [${leaf.offset.join(",")}]`);
    file.take(leaf.at, chunkBytes);
    const packed = file.slice(leaf.at, leaf.size);
    copyChunk(out, unpackChunk(file, leaf.at, packed, filters, leaf.mask, chunkBytes), leaf.offset, chunk, dataset);
  }
  return out;
}

interface Chunk {
  /** Where its entry stands. */
  readonly key: number;
  readonly at: number;
  readonly size: number;
  readonly mask: number;
  readonly offset: readonly number[];
}

/** The chunks in a B-tree of version 1. */
function chunksOf(file: Hdf5Bytes, root: number, rank: number): Chunk[] {
  const chunks: Chunk[] = [];
  const keyBytes = 8 + 8 * (rank + 1);
  const visit = (at: number, level: number): void => {
    file.step(at);
    file.require(at, "TREE");
    if (file.u8(at + 4) !== 1 || file.u8(at + 5) !== level) file.refuse(at, "a tree of chunks of another kind or level");
    const count = file.u16(at + 6);
    for (let i = 0; i < count; i++) {
      const key = at + 24 + i * (keyBytes + 8);
      const child = file.address(key + keyBytes);
      if (child === undefined) file.refuse(key, "a branch that leads nowhere");
      else if (level > 0) visit(child, level - 1);
      else {
        file.step(child);
        const offset = Array.from({ length: rank }, (_, axis) => file.length(key + 8 + 8 * axis));
        chunks.push({ key, at: child, size: file.u32(key), mask: file.u32(key + 4), offset });
      }
    }
  };
  const level = file.u8(root + 5);
  if (level > mostLevels) file.refuse(root, `a tree of ${level} levels`);
  visit(root, level);
  return chunks;
}

/** Copies a chunk to its place, without what lies beyond the edge. */
function copyChunk(
  out: Uint8Array,
  chunk: Uint8Array,
  offset: readonly number[],
  chunkShape: readonly number[],
  { shape, elementBytes }: DatasetShape,
): void {
  const rank = shape.length;
  const extent = chunkShape.map((n, i) => Math.min(n, (shape[i] as number) - (offset[i] as number)));
  const rows = extent.slice(0, -1).reduce((product, n) => product * n, 1);
  const rowBytes = (extent[rank - 1] ?? 1) * elementBytes;
  const index = Array.from({ length: rank }, () => 0);
  for (let row = 0; row < rows; row++) {
    let from = 0;
    let to = 0;
    for (let axis = 0; axis < rank; axis++) {
      from = from * (chunkShape[axis] as number) + (index[axis] as number);
      to = to * (shape[axis] as number) + (offset[axis] as number) + (index[axis] as number);
    }
    out.set(chunk.subarray(from * elementBytes, from * elementBytes + rowBytes), to * elementBytes);
    for (let axis = rank - 2; axis >= 0; axis--) {
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (extent[axis] as number)) break;
      index[axis] = 0;
    }
  }
}
