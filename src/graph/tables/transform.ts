import type { Attributes } from "../types.js";
import { countOf, matrix, numberOr, type Table } from "./table.js";

/** DCT-II of {inputs, outputs}, every coefficient scaled by sqrt(2 / inputs): [inputs, outputs]. */
export function cosineTransform(attributes: Attributes): Table {
  const inputs = countOf(attributes, "inputs");
  const scale = Math.sqrt(2 / inputs);
  return matrix(inputs, countOf(attributes, "outputs"), (n, k) => scale * Math.cos((Math.PI * k * (n + 0.5)) / inputs));
}

/** 2 pi n k / length, from the remainder so that large products lose nothing. */
function angle(n: number, k: number, length: number): number {
  return (2 * Math.PI * ((n * k) % length)) / length;
}

/** Real parts of the Fourier transform of {length, samples, bins = length / 2 + 1}: [samples, bins]. */
export function fourierReal(attributes: Attributes): Table {
  const length = countOf(attributes, "length");
  const bins = numberOr(attributes, "bins", Math.floor(length / 2) + 1);
  return matrix(countOf(attributes, "samples"), bins, (n, k) => Math.cos(angle(n, k, length)));
}

/** Imaginary parts, as `fourierReal`. */
export function fourierImaginary(attributes: Attributes): Table {
  const length = countOf(attributes, "length");
  const bins = numberOr(attributes, "bins", Math.floor(length / 2) + 1);
  return matrix(countOf(attributes, "samples"), bins, (n, k) => -Math.sin(angle(n, k, length)));
}

/** What takes the gradient of [real parts, imaginary parts] back to the samples, of {length, samples}: [length + 2, samples]. */
export function fourierTransposed(attributes: Attributes): Table {
  const length = countOf(attributes, "length");
  const bins = Math.floor(length / 2) + 1;
  const value = (row: number, n: number): number =>
    row < bins ? Math.cos(angle(n, row, length)) : -Math.sin(angle(n, row - bins, length));
  return matrix(2 * bins, countOf(attributes, "samples"), value);
}
