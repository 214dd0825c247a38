import type { Attributes } from "../types.js";
import { countOf, numberOr, type Table } from "./table.js";

/** Periodic Hann window 0.5 - 0.5 cos(2 pi (n + offset) / length) of {length, offset = 0}. */
export function hann(attributes: Attributes): Table {
  const length = countOf(attributes, "length");
  const offset = numberOr(attributes, "offset", 0);
  const value = (n: number): number => 0.5 - 0.5 * Math.cos((2 * Math.PI * (n + offset)) / length);
  return { shape: [length], values: () => Float64Array.from({ length }, (_, n) => value(n)) };
}

/** Symmetric Hamming window 0.54 - 0.46 cos(2 pi n / (length - 1)) of {length}. */
export function hamming(attributes: Attributes): Table {
  const length = countOf(attributes, "length");
  const value = (n: number): number => 0.54 - 0.46 * Math.cos((2 * Math.PI * n) / Math.max(length - 1, 1));
  return { shape: [length], values: () => Float64Array.from({ length }, (_, n) => value(n)) };
}

/** Ones of {length}. */
export function ones(attributes: Attributes): Table {
  const length = countOf(attributes, "length");
  return { shape: [length], values: () => new Float64Array(length).fill(1) };
}
