import type { KernelBuilder } from "./kernel_builder.js";
import { constant, type Expression, shuffle } from "./language.js";

/** Narrower vectors are those of targets that have no word for prefetching. */
export const leastPrefetchLanes = 8;

/** A vector among neighbouring elements: the first of them, and how many. */
export interface VectorPiece {
  readonly at: number;
  readonly lanes: number;
}

/** Vector widths that cover n elements: wide ones first, then narrower down to single elements. */
export function pieces(n: number, lanes: number): VectorPiece[] {
  const list: VectorPiece[] = [];
  let at = 0;
  for (let width = lanes; width >= 1; width = width > 4 ? width / 2 : width === 1 ? 0 : 1) {
    for (; at + width <= n; at += width) list.push({ at, lanes: width });
    if (width === 1) break;
  }
  return list;
}

/** What of vectors side by side lies below a number of elements: lanes `from` on of vector v. */
export function validParts(
  vectors: readonly VectorPiece[],
  elements = Number.POSITIVE_INFINITY,
): (VectorPiece & { readonly v: number; readonly from: number })[] {
  return vectors.flatMap((w, v) =>
    w.at + w.lanes <= elements
      ? [{ ...w, v, from: 0 }]
      : pieces(elements - w.at, w.lanes).map((p) => ({ lanes: p.lanes, at: w.at + p.at, v, from: p.at })),
  );
}

/** Visits n neighbouring elements: a loop over whole vectors, then the pieces that are left, written out. */
export function eachVector(k: KernelBuilder, n: number, lanes: number, visit: (at: Expression, width: number) => void): void {
  const full = n - (n % lanes);
  if (full > 0) k.for(0, full, lanes, (at) => visit(at, lanes));
  for (const piece of pieces(n - full, lanes)) visit(constant("i32", full + piece.at), piece.lanes);
}

/** Rows and columns of a square exchanged: as many vectors as they have lanes, a power of two. Squares of 1, 2, 4, ... elements change places. */
export function transposed(k: KernelBuilder, rows: readonly Expression[]): Expression[] {
  let now = [...rows];
  const lanes = [...rows.keys()];
  for (let side = 1; side < rows.length; side *= 2) {
    const upper = lanes.map((lane) => ((lane & side) === 0 ? lane : rows.length + lane - side));
    const lower = lanes.map((lane) => ((lane & side) === 0 ? lane + side : rows.length + lane));
    now = now.map((row, i) => {
      const isUpper = (i & side) === 0;
      return k.let(isUpper ? shuffle(row, now[i + side]!, upper) : shuffle(now[i - side]!, row, lower));
    });
  }
  return now;
}
