import { type ContractionPlan, depthOf, lineElements, packedStrides } from "./contraction_plan.js";
import type { Range, Walked } from "./contraction_walk.js";
import type { KernelBuilder } from "./kernel_builder.js";
import { add, type Buffer, constant, div, type Expression, min, mul, rem, sub } from "./language.js";
import { leastPrefetchLanes } from "./vectors.js";

/** Steps to a line, up to which a reduction of several dimensions, whose inner loop is short, asks for it. */
const mostWaitingSteps = 2;

/** A block of registers whose places are asked for while it is multiplied. */
export interface AskedBlock {
  /** Index in C of its first sum. */
  readonly corner: Expression;
  readonly rows: number;
  readonly vectors: number;
  /** Columns of C. */
  readonly columns: number;
  readonly buffers: readonly Buffer[];
  readonly range: Range;
  /** Whether the range is the whole reduction. */
  readonly isWhole: boolean;
}

export interface OperandsAhead {
  readonly walk: Walked;
  /** Steps after which nothing is left to ask for, where the loop is to be cut there. */
  readonly last?: number;
}

/**
 * Prefetches a line of every buffer with every step of the reduction. All at once they would stand in the way of A and B. Undefined
 * where it does not pay.
 */
export function operandsAhead(k: KernelBuilder, plan: ContractionPlan, block: AskedBlock): OperandsAhead | undefined {
  const { corner, rows, vectors, columns, buffers, range, isWhole } = block;
  const { lanes, reduction, innerRow } = plan;
  // Rows that do not begin with a line reach into one more.
  const lines = vectors + (columns % lineElements === 0 ? 0 : 1);
  const isShort = isWhole && depthOf(plan) <= mostWaitingSteps * rows * lines;
  if (buffers.length === 0 || lanes < leastPrefetchLanes || (reduction.length > 1 && !isShort)) return undefined;
  // Several prefetches at every step cost more than another loop.
  const isCut = reduction.length === 1 && buffers.length > 1;
  const visit = (step: Expression): void => {
    const first = isWhole ? step : sub(step, range.from);
    const line = k.let(isCut ? first : min(first, rows * lines - 1));
    const vector = k.let(rem(line, lines));
    const at = k.let(add(add(mul(div(line, lines), innerRow.c), mul(vector, lanes)), corner));
    for (const buffer of buffers) k.prefetch(buffer, at);
  };
  return {
    walk: { from: constant("i32", 0), strides: packedStrides(plan, 1), visit },
    ...(isCut ? { last: rows * lines } : {}),
  };
}
