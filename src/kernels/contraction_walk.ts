import type { Buffer, Expression } from "./language.js";

/** A part of the reduction: steps of its outermost dimension. What came before it, from `start` on, is already in C. */
export interface Range {
  readonly from: Expression;
  readonly to: Expression;
  /** Absent where nothing can come before. */
  readonly start?: Expression;
}

/** Where the kernel finds B: element index of the first row, strides of the reduction's dimensions, first column. */
export interface Source {
  readonly buffer: Buffer;
  readonly base: Expression;
  readonly strides: readonly number[];
  readonly column: Expression;
  /** Columns that there are, where the vectors reach further. */
  readonly columns?: number;
  /** First row of a vector of B that is prefetched row by row while the block is multiplied. */
  readonly ahead?: Expression;
}

/** Where the kernel finds A, as `Source`. */
export type LeftSource = Pick<Source, "buffer" | "base" | "strides">;

/** A vector of sums with its index in C and its column, and which of a row's vectors it is. */
export interface Sum {
  readonly sum: Expression;
  readonly at: Expression;
  readonly column: Expression;
  readonly place: number;
}

/** What moves along with the reduction: where it begins, its strides, what is done with its place at every step. */
export interface Walked {
  readonly from: Expression;
  readonly strides: readonly number[];
  visit?(at: Expression): void;
}
