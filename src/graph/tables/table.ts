import { UserError } from "../../base/errors.js";
import { numberOf } from "../attributes.js";
import type { Attributes } from "../types.js";

/** A vector or matrix made from parameters, row by row, in double precision. */
export interface Table {
  readonly shape: readonly number[];
  readonly values: () => Float64Array;
}

/** A matrix from a function of row and column. */
export function matrix(rows: number, columns: number, value: (row: number, column: number) => number): Table {
  const values = (): Float64Array =>
    Float64Array.from({ length: rows * columns }, (_, i) => value(Math.floor(i / columns), i % columns));
  return { shape: [rows, columns], values };
}

/** A whole number of at least 1. */
export function countOf(attributes: Attributes, name: string): number {
  const value = numberOf(attributes, name);
  if (!Number.isInteger(value) || value < 1)
    throw new UserError(`attribute ${name} must be a whole number from 1, found ${value}`);
  return value;
}

/** The number attribute, or `fallback` where it is absent. */
export function numberOr(attributes: Attributes, name: string, fallback: number): number {
  return attributes[name] === undefined ? fallback : numberOf(attributes, name);
}
