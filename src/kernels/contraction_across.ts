import type { ContractionPlan } from "./contraction_plan.js";
import { depthOf } from "./contraction_plan.js";
import type { Range, Source } from "./contraction_walk.js";
import type { KernelBuilder } from "./kernel_builder.js";
import { add, type Buffer, constant, type Expression, min, mul, sub } from "./language.js";
import { transposed } from "./vectors.js";

/**
 * Whether the kernel can read a B that lies across: the reduction along its rows. All of B is then copied to panels once, which turns it
 * round; elsewhere a copy of the whole is better.
 */
export function readsAcross({ blocking, lanes, reduction }: ContractionPlan): boolean {
  if (!blocking || blocking.panel === 0 || blocking.rowGroups > 1 || blocking.slices > 1 || reduction.length > 1) return false;
  const { size } = reduction[0]!;
  const lastChunk = size % blocking.chunk || blocking.chunk;
  return lastChunk >= lanes;
}

/** A column segment of a chunk of B. */
export interface AcrossSegment {
  readonly b: Buffer;
  readonly panel: Buffer;
  /** Element of the panel where it begins. */
  readonly base: Expression;
  readonly column: Expression;
  readonly range: Range;
  /** Columns that there are. */
  readonly columns: number;
  /** Elements to a row of the panel: zeros behind the columns. */
  readonly width: number;
}

/** Copies a segment of a B that lies across to rows of contiguous memory: squares of as many rows as a vector has lanes, turned round in registers. */
export function packAcross(k: KernelBuilder, plan: ContractionPlan, segment: AcrossSegment): Source {
  const { b, panel, base, column, range, columns, width } = segment;
  const { lanes } = plan;
  const depth = depthOf(plan);
  const start = k.let(add(base, mul(range.from, -width)));
  k.for(range.from, range.to, lanes, (step) => {
    // The last square begins so early that it ends with the chunk.
    const at = k.let(min(step, sub(range.to, lanes)));
    for (let first = 0; first < width; first += lanes) {
      const lines = Array.from({ length: lanes }, (_, j) =>
        first + j < columns
          ? k.let(k.load(b, add(mul(add(column, first + j), depth), at), lanes))
          : constant(b.element === "f64" ? "f64" : "f32", 0, lanes),
      );
      transposed(k, lines).forEach((row, i) => k.store(panel, add(mul(add(at, i), width), add(start, first)), row));
    }
  });
  return { buffer: panel, base: start, strides: [width], column, columns };
}
