import { ColumnGroups } from "./column_groups.js";
import { KernelBuilder } from "./kernel_builder.js";
import { add, constant, div, type Expression, horizontal, type Kernel, max, mul, rem, sub } from "./language.js";
import { leastPrefetchLanes, pieces } from "./vectors.js";

export type Reduction = "sum" | "max";

/** A reduction of a dense tensor over some axes; `scale` multiplies sums (1/n for a mean). */
export interface ReduceSpecification {
  readonly element: "f32" | "f64";
  readonly shape: readonly number[];
  readonly axes: readonly number[];
  readonly reduction: Reduction;
  readonly scale: number;
}

interface Dimension {
  readonly size: number;
  readonly stride: number;
  readonly kept: boolean;
}

function dimensionsOf(shape: readonly number[], axes: readonly number[]): Dimension[] {
  const reduced = new Set(axes);
  const out: Dimension[] = [];
  let stride = shape.reduce((a, b) => a * b, 1);
  shape.forEach((size, axis) => {
    stride /= size;
    if (size === 1) return;
    const kept = !reduced.has(axis);
    const last = out[out.length - 1];
    if (last && last.kept === kept) out[out.length - 1] = { size: last.size * size, stride, kept };
    else out.push({ size, stride, kept });
  });
  return out;
}

/** Independent partial sums hide the latency of an addition. */
const partialSums = 4;

/** Rows ahead that memory is asked for, where neighbouring rows lie far apart; and elements from which on they are too many for a cache. */
const prefetched = { rows: 24, leastElements: 1 << 18 };
/** Buffers: x, y. */
export function reduceKernel(spec: ReduceSpecification, vectorLanes: number): Kernel {
  const lanes = spec.element === "f64" ? 1 : vectorLanes;
  const dimensions = dimensionsOf(spec.shape, spec.axes);
  const last = dimensions[dimensions.length - 1];
  const columns = last?.kept ? last.size : 1;
  const kept = dimensions.filter((d) => d.kept && d !== last);
  const reduced = dimensions.filter((d) => !d.kept);
  const k = new KernelBuilder("reduce");
  const x = k.buffer("x", spec.element);
  const y = k.buffer("y", spec.element, true);
  const start = (width: number): Expression =>
    constant(spec.element, spec.reduction === "sum" ? 0 : Number.NEGATIVE_INFINITY, width);
  const combine = (a: Expression, b: Expression): Expression => (spec.reduction === "sum" ? add(a, b) : max(a, b));
  const finish = (v: Expression): Expression => (spec.scale === 1 ? v : mul(v, spec.scale));
  const outer = kept.reduce((p, d) => p * d.size, 1);
  // Each iteration takes up to `partialSums` vectors of neighbouring columns, so rows are read in whole cache lines.
  const columnGroups = new ColumnGroups(columns, lanes, partialSums);
  const groups = last?.kept ? columnGroups.count : 1;
  const elements = spec.shape.reduce((p, n) => p * n, 1);
  const prefetches = lanes >= leastPrefetchLanes && elements >= prefetched.leastElements;
  const ahead = prefetches ? prefetched.rows * (reduced[reduced.length - 1]?.stride ?? 0) : 0;

  const overRest = (dims: readonly Dimension[], base: Expression, visit: (at: Expression) => void): void => {
    const [first, ...rest] = dims;
    if (!first) return visit(base);
    k.for(0, first.size, 1, (i) => overRest(rest, k.let(add(base, mul(i, first.stride))), visit));
  };

  k.parallel(outer * groups, (p) => {
    const group = k.let(rem(p, groups));
    let left = k.let(div(p, groups));
    let base: Expression = constant("i32", 0);
    for (let d = kept.length - 1; d >= 0; d--) {
      const dimension = kept[d]!;
      base = add(base, mul(d === 0 ? left : k.let(rem(left, dimension.size)), dimension.stride));
      if (d > 0) left = k.let(div(left, dimension.size));
    }
    base = k.let(base);
    const row = k.let(mul(div(p, groups), columns));
    if (last?.kept) {
      columnGroups.write(k, group, (first, vectors) => {
        const sums = vectors.map((w) => k.mutable(start(w.lanes)));
        overRest(reduced, k.let(add(base, first)), (at) =>
          vectors.forEach((w, i) => {
            if (ahead > 0 && w.lanes === lanes) k.prefetch(x, add(at, ahead + w.at));
            k.assign(sums[i]!, combine(sums[i]!, k.load(x, add(at, w.at), w.lanes)));
          }),
        );
        vectors.forEach((w, i) => k.store(y, add(add(row, first), w.at), finish(sums[i]!)));
      });
      return;
    }
    const inner = reduced[reduced.length - 1];
    if (!inner) {
      k.store(y, row, finish(combine(start(1), k.load(x, base))));
      return;
    }
    const wide = inner.size >= lanes ? lanes : 1;
    const sums = Array.from({ length: partialSums }, () => k.mutable(start(wide)));
    const tail = k.mutable(start(1));
    overRest(reduced.slice(0, -1), base, (at) => {
      const block = wide * partialSums;
      const full = inner.size - (inner.size % block);
      k.for(0, full, block, (j) => sums.forEach((s, i) => k.assign(s, combine(s, k.load(x, add(add(at, j), i * wide), wide)))));
      for (const w of pieces(inner.size - full, wide))
        if (w.lanes === wide) k.assign(sums[0]!, combine(sums[0]!, k.load(x, add(at, full + w.at), wide)));
        else if (w.lanes === 1) k.assign(tail, combine(tail, k.load(x, add(at, full + w.at))));
        else
          k.assign(
            tail,
            combine(tail, horizontal(spec.reduction === "sum" ? "add" : "max", k.load(x, add(at, full + w.at), w.lanes))),
          );
    });
    const total = combine(combine(sums[0]!, sums[1]!), combine(sums[2]!, sums[3]!));
    const all = horizontal(spec.reduction === "sum" ? "add" : "max", k.let(total));
    k.store(y, row, finish(combine(all, tail)));
  });
  return k.finish();
}

/** Mean and biased variance over all axes but the last: x[rows, columns] -> mean[columns], variance[columns]. Shifted by the first row, so that a large mean costs no digits. */
export function momentsKernel(element: "f32" | "f64", rows: number, columns: number, vectorLanes: number): Kernel {
  const lanes = element === "f64" ? 1 : vectorLanes;
  const k = new KernelBuilder("moments");
  const x = k.buffer("x", element);
  const mean = k.buffer("mean", element, true);
  const variance = k.buffer("variance", element, true);
  const groups = new ColumnGroups(columns, lanes, 2);
  k.parallel(groups.count, (p) =>
    groups.write(k, p, (first, vectors) => {
      const shift = vectors.map((w) => k.let(k.load(x, add(first, w.at), w.lanes)));
      const make = (): Expression[][] => [0, 1].map(() => vectors.map((w) => k.mutable(constant(element, 0, w.lanes))));
      const sums = make();
      const squares = make();
      const visit = (row: Expression, which: number): void =>
        vectors.forEach((w, i) => {
          const d = k.let(sub(k.load(x, add(add(mul(row, columns), first), w.at), w.lanes), shift[i]!));
          k.assign(sums[which]![i]!, add(sums[which]![i]!, d));
          k.assign(squares[which]![i]!, add(squares[which]![i]!, mul(d, d)));
        });
      k.for(0, rows - (rows % 2), 2, (row) => {
        visit(row, 0);
        visit(add(row, 1), 1);
      });
      if (rows % 2 === 1) visit(constant("i32", rows - 1), 0);
      vectors.forEach((w, i) => {
        const m = k.let(mul(add(sums[0]![i]!, sums[1]![i]!), 1 / rows));
        const q = k.let(mul(add(squares[0]![i]!, squares[1]![i]!), 1 / rows));
        k.store(mean, add(first, w.at), add(m, shift[i]!));
        k.store(variance, add(first, w.at), max(sub(q, mul(m, m)), 0));
      });
    }),
  );
  return k.finish();
}
