import {
  add,
  constant,
  div,
  type ElementType,
  type Expression,
  fma,
  type Kernel,
  KernelBuilder,
  min,
  mul,
  rem,
} from "./language.js";
import { pieces } from "./map.js";

/**
 * C[i, n] = sum over k of A[i + k] * B[k + n]: matrix products, convolutions (implicit, with i over batch and places and
 * k over taps and channels) and their weight gradients (i over taps and channels, k over batch and places) are one kernel.
 * i and k run over several dimensions, outermost first; n is contiguous in B and C.
 */
export interface Contraction {
  readonly element: "f32" | "f64";
  readonly rows: readonly { readonly size: number; readonly a: number; readonly c: number }[];
  readonly reduction: readonly { readonly size: number; readonly a: number; readonly b: number }[];
  readonly columns: number;
}

/** Bytes of A and B that one pass over the reduction may touch before C's block is put back: about half an L2 cache. */
const chunkBytes = 256 * 1024;

/** Dimensions of size 1 are dropped and neighbours that every operand walks as one are merged. */
function merge<T extends { size: number }>(dimensions: readonly T[], keys: readonly (keyof T)[]): T[] {
  const out: T[] = [];
  for (const d of dimensions) {
    if (d.size === 1) continue;
    const last = out[out.length - 1];
    if (last && keys.every((key) => (last[key] as number) === (d[key] as number) * d.size)) {
      out[out.length - 1] = { ...d, size: last.size * d.size };
    } else out.push(d);
  }
  return out.length > 0 ? out : [{ ...(dimensions[0] as T), size: 1 }];
}

interface Block {
  readonly rows: number;
  /** Vectors of one column segment. */
  readonly vectors: number;
}

/** Accumulators fill the registers but for the row of B and the element of A. */
function chooseBlock(innerRows: number, columns: number, lanes: number, registers: number): Block {
  const vectors = Math.max(1, Math.min(registers >= 32 ? 4 : 2, Math.floor(columns / lanes)));
  const most = Math.max(1, Math.min(12, Math.floor((registers - vectors - 2) / vectors)));
  const limit = Math.min(most, innerRows);
  let best = limit;
  for (let rows = limit; rows >= Math.max(1, Math.ceil(limit * 0.6)); rows--)
    if (innerRows % rows === 0) {
      best = rows;
      break;
    }
  return { rows: best, vectors };
}

/** A key that is equal for equal kernels. */
export function contractionKey(c: Contraction, lanes: number, registers: number): string {
  return `contraction ${lanes} ${registers} ${JSON.stringify(c)}`;
}

/** Kernel with buffers A, B, C. */
export function contractionKernel(spec: Contraction, vectorLanes: number, registers: number): Kernel {
  const lanes = spec.element === "f64" ? 1 : vectorLanes;
  const rows = merge(spec.rows, ["a", "c"]);
  const reduction = merge(spec.reduction, ["a", "b"]);
  const innerRow = rows[rows.length - 1]!;
  const outerRows = rows.slice(0, -1);
  const block = chooseBlock(innerRow.size, spec.columns, lanes, registers);
  const k = new KernelBuilder("contraction");
  const a = k.buffer("a", spec.element as ElementType);
  const b = k.buffer("b", spec.element as ElementType);
  const c = k.buffer("c", spec.element as ElementType, true);

  const segment = block.vectors * lanes;
  const fullSegments = Math.floor(spec.columns / segment);
  const restPieces = pieces(spec.columns - fullSegments * segment, lanes);
  const rowBlocks = Math.ceil(innerRow.size / block.rows);
  const lastRows = innerRow.size - (rowBlocks - 1) * block.rows;
  const outerExtent = outerRows.reduce((p, d) => p * d.size, 1);

  // A long reduction is walked in chunks whose operands stay in cache while all blocks of a group use them.
  const outerReduction = reduction[0]!;
  const perStep = reduction.slice(1).reduce((p, d) => p * d.size, 1) * (innerRow.size + spec.columns) * 4;
  const chunk = Math.max(16, Math.floor(chunkBytes / Math.max(1, perStep)));
  const chunked = outerRows.length === 0 && outerReduction.size > 2 * chunk && rowBlocks > 1;

  const micro = (
    aBase: Expression,
    cBase: Expression,
    widths: { at: number; lanes: number }[],
    column: Expression,
    count: number,
    from: Expression | number,
    to: Expression | number,
    resume: Expression | undefined,
  ): void => {
    const zero = (width: number): Expression => constant(spec.element, 0, width);
    const sums = Array.from({ length: count }, () => widths.map((w) => k.mutable(zero(w.lanes))));
    const cAt = (r: number, w: { at: number }): Expression => add(add(cBase, column), r * innerRow.c + w.at);
    if (resume) {
      k.if({ kind: "binary", type: "mask", lanes: 1, operator: "gt", left: resume, right: constant("i32", 0) }, () => {
        for (let r = 0; r < count; r++) widths.forEach((w, v) => k.assign(sums[r]![v]!, k.load(c, cAt(r, w), w.lanes)));
      });
    }
    const loops = (d: number, aAt: Expression, bAt: Expression): void => {
      if (d === reduction.length) {
        const rowOfB = widths.map((w) => k.let(k.load(b, add(add(bAt, column), w.at), w.lanes)));
        for (let r = 0; r < count; r++) {
          const x = k.let(k.load(a, add(aAt, r * innerRow.a)));
          widths.forEach((_, v) => k.assign(sums[r]![v]!, fma(rowOfB[v]!, x, sums[r]![v]!)));
        }
        return;
      }
      const dimension = reduction[d]!;
      k.for(d === 0 ? from : 0, d === 0 ? to : dimension.size, 1, (i) => {
        loops(d + 1, k.let(add(mul(i, dimension.a), aAt)), k.let(add(mul(i, dimension.b), bAt)));
      });
    };
    loops(0, aBase, constant("i32", 0));
    for (let r = 0; r < count; r++) widths.forEach((w, v) => k.store(c, cAt(r, w), sums[r]![v]!));
  };

  const blockOfRows = (
    aBase: Expression,
    cBase: Expression,
    count: number,
    from: Expression | number,
    to: Expression | number,
    resume: Expression | undefined,
  ): void => {
    const full = Array.from({ length: block.vectors }, (_, v) => ({ at: v * lanes, lanes }));
    if (fullSegments > 0)
      k.for(0, fullSegments * segment, segment, (column) => micro(aBase, cBase, full, column, count, from, to, resume));
    const column = constant("i32", fullSegments * segment);
    for (let i = 0; i < restPieces.length; i += Math.max(1, block.vectors))
      micro(aBase, cBase, restPieces.slice(i, i + Math.max(1, block.vectors)), column, count, from, to, resume);
  };

  const rowBlock = (
    outerA: Expression,
    outerC: Expression,
    index: Expression,
    from: Expression | number,
    to: Expression | number,
    resume: Expression | undefined,
  ): void => {
    const aBase = k.let(add(outerA, mul(index, block.rows * innerRow.a)));
    const cBase = k.let(add(outerC, mul(index, block.rows * innerRow.c)));
    if (lastRows === block.rows) blockOfRows(aBase, cBase, block.rows, from, to, resume);
    else if (rowBlocks === 1) blockOfRows(aBase, cBase, lastRows, from, to, resume);
    else {
      k.if(
        { kind: "binary", type: "mask", lanes: 1, operator: "lt", left: index, right: constant("i32", rowBlocks - 1) },
        () => blockOfRows(aBase, cBase, block.rows, from, to, resume),
        () => blockOfRows(aBase, cBase, lastRows, from, to, resume),
      );
    }
  };

  const zero = constant("i32", 0);
  if (chunked) {
    const groups = Math.min(rowBlocks, 4);
    k.parallel(groups, (g) => {
      const first = k.let(div(mul(g, rowBlocks), groups));
      const end = k.let(div(mul(add(g, 1), rowBlocks), groups));
      k.for(0, outerReduction.size, chunk, (from) => {
        const to = k.let(min(add(from, chunk), constant("i32", outerReduction.size)));
        k.for(first, end, 1, (index) => rowBlock(zero, zero, index, from, to, from));
      });
    });
    return k.finish();
  }
  k.parallel(outerExtent * rowBlocks, (p) => {
    const index = k.let(rem(p, rowBlocks));
    let left = k.let(div(p, rowBlocks));
    let outerA: Expression = zero;
    let outerC: Expression = zero;
    for (let d = outerRows.length - 1; d >= 0; d--) {
      const dimension = outerRows[d]!;
      const i = d === 0 ? left : k.let(rem(left, dimension.size));
      if (d > 0) left = k.let(div(left, dimension.size));
      outerA = add(outerA, mul(i, dimension.a));
      outerC = add(outerC, mul(i, dimension.c));
    }
    rowBlock(k.let(outerA), k.let(outerC), index, 0, outerReduction.size, undefined);
  });
  return k.finish();
}
