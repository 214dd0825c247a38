import { KernelBuilder } from "./kernel_builder.js";
import { add, constant, div, type ElementType, type Expression, type Kernel, min, mul, rem } from "./language.js";

/** A dimension with its strides in source and target, in elements. */
export interface TransposeDimension {
  readonly size: number;
  readonly from: number;
  readonly to: number;
}

/** A copy that turns two dimensions round: `read` lies together in the source, `written` in the target. */
export interface TransposeSpecification {
  readonly element: ElementType;
  readonly outer: readonly TransposeDimension[];
  readonly read: TransposeDimension;
  readonly written: TransposeDimension;
  /** Elements before the first ones. */
  readonly offsets: { readonly from: number; readonly to: number };
}

/** Elements along both sides of a tile: what a cache line has of f32, so that lines are brought in once. */
const side = 16;
/** Smaller ones stay in the cache however they are walked. */
const least = 32;
/** Elements: lines so far apart, or a multiple of it, displace each other from a first-level cache. */
const displacing = 256;

/** The copy as a transposition; undefined where it is not one that is worth tiles. */
export function transpositionOf(
  element: ElementType,
  shape: readonly number[],
  source: { readonly strides: readonly number[]; readonly offset: number },
  target: { readonly strides: readonly number[]; readonly offset: number },
): TransposeSpecification | undefined {
  const dimensions: TransposeDimension[] = [];
  shape.forEach((size, d) => {
    if (size === 1) return;
    const [from, to] = [source.strides[d]!, target.strides[d]!];
    const last = dimensions.at(-1);
    if (last && last.from === from * size && last.to === to * size)
      dimensions[dimensions.length - 1] = { size: last.size * size, from, to };
    else dimensions.push({ size, from, to });
  });
  const read = dimensions.find((d) => d.from === 1 && d.to !== 1);
  const written = dimensions.find((d) => d.to === 1 && d.from !== 1);
  if (!read || !written || read.size < least || written.size < least || written.from % displacing !== 0) return undefined;
  const outer = dimensions.filter((d) => d !== read && d !== written);
  return { element, outer, read, written, offsets: { from: source.offset, to: target.offset } };
}

/** Buffers: source, target. Tile after tile, so that neither is walked across its lines. */
export function transposeKernel({ element, outer, read, written, offsets }: TransposeSpecification): Kernel {
  const k = new KernelBuilder("transpose");
  const x = k.buffer("x", element);
  const y = k.buffer("y", element, true);
  const readTiles = Math.ceil(read.size / side);
  const tasks = outer.reduce((p, d) => p * d.size, readTiles);
  k.parallel(tasks, (p) => {
    let from: Expression = constant("i32", offsets.from);
    let to: Expression = constant("i32", offsets.to);
    let left = k.let(div(p, readTiles));
    for (const d of outer.toReversed()) {
      const index = k.let(rem(left, d.size));
      left = k.let(div(left, d.size));
      from = add(from, mul(index, d.from));
      to = add(to, mul(index, d.to));
    }
    const first = k.let(mul(rem(p, readTiles), side));
    const end = k.let(min(add(first, side), read.size));
    const fromBase = k.let(from);
    const toBase = k.let(to);
    const tile = (column: Expression, columns: number): void =>
      k.for(first, end, 1, (i) => {
        const source = k.let(add(fromBase, add(i, mul(column, written.from))));
        const target = k.let(add(toBase, add(mul(i, read.to), column)));
        k.for(0, columns, 1, (j) => k.store(y, add(target, j), k.load(x, add(source, mul(j, written.from)))));
      });
    const full = written.size - (written.size % side);
    if (full > 0) k.for(0, full, side, (column) => tile(column, side));
    if (full < written.size) tile(constant("i32", full), written.size - full);
  });
  return k.finish();
}
