import type { KernelBuilder } from "./kernel_builder.js";
import { add, type Buffer, computeType, constant, type Expression, fma, max, mul, unary, widen } from "./language.js";
import { rfftPlan } from "./rfft_plan.js";

/*
 * Overlapping triangles: every bin belongs to at most two neighbouring bands. The bins between the peaks of two bands are one
 * segment: they fall for the band below and rise for the band above, so that each bin is read once and multiplied twice.
 */

/** A bank of bands. */
export interface Bank {
  readonly bands: number;
  /** How often the root of the power is taken before: 0 power, 1 magnitude. */
  readonly roots: number;
}

/** A bank cut into segments. */
export interface BankTables {
  /** First bin of segment s, s from 0 to bands + 1 (behind the last); segment s lies between the peaks of bands s - 1 and s. */
  readonly segments: Int32Array;
  /** [bins, 2]: weight for the band below and for the band above. */
  readonly weights: Float64Array;
}

/**
 * Cuts a matrix [bins, bands] into segments.
 * @returns undefined where a bin has weights for others than two neighbouring bands, or segments are out of order
 */
export function bankTables(matrix: Float64Array, bins: number, bands: number): BankTables | undefined {
  const weights = new Float64Array(2 * bins);
  const ends = new Int32Array(bands + 1);
  let segment = 0;
  for (let bin = 0; bin < bins; bin++) {
    const row = matrix.subarray(bin * bands, (bin + 1) * bands);
    const first = row.findIndex((weight) => weight !== 0);
    if (first < 0) {
      ends[segment] = bin + 1;
      continue;
    }
    const last = row.findLastIndex((weight) => weight !== 0);
    if (last > first + 1) return undefined;
    // A bin of one band alone may rise or fall: it goes on with the segment it can.
    const above = last > first ? last : segment > first ? first + 1 : first;
    if (above < segment) return undefined;
    for (; segment < above; segment++) ends[segment] = bin;
    ends[segment] = bin + 1;
    if (above > 0) weights[2 * bin] = row[above - 1];
    if (above < bands) weights[2 * bin + 1] = row[above];
  }
  for (let s = segment + 1; s <= bands; s++) ends[s] = bins;
  return { segments: Int32Array.from([0, ...ends]), weights };
}

/** The tables' buffers in a kernel. */
export interface BankBuffers {
  readonly segments: Buffer;
  readonly weights: Buffer;
  /** Vector of the workspace at which the power of a bin lies. */
  readonly powers: Buffer;
}

/** Declares the tables' buffers. */
export function bankBuffers(k: KernelBuilder, element: "f32" | "f64"): BankBuffers {
  return { segments: k.buffer("segments", "i32"), weights: k.buffer("weights", element), powers: k.buffer("powers", "i32") };
}

/** Contents of `powers`: elements of a block of `lanes` rows. */
export function powerPlaces(length: number, bins: number, lanes: number): Int32Array {
  return Int32Array.from(rfftPlan(length).places.slice(0, bins), ({ real }) => real * lanes);
}

/** What is written where. */
export interface BankPlan extends BankBuffers {
  readonly bank: Bank;
  readonly work: Buffer;
  /** First element of the block's workspace. */
  readonly base: Expression;
  /** First vector of the bands. */
  readonly bands: number;
  readonly lanes: number;
}

/** Bands of a block of rows from the powers in its workspace. */
export function writeBank(k: KernelBuilder, { bank, segments, weights, powers, work, base, bands, lanes }: BankPlan): void {
  const type = computeType(work.element);
  const zero = constant(type, 0, lanes);
  const rising = k.mutable(zero);
  k.for(0, bank.bands + 1, 1, (segment) => {
    const [below, above] = [k.mutable(zero), k.mutable(zero)];
    const from = k.let(k.load(segments, segment));
    const to = k.let(k.load(segments, add(segment, 1)));
    k.for(from, to, 1, (bin) => {
      let value = k.let(k.load(work, add(base, k.load(powers, bin)), lanes));
      for (let i = 0; i < bank.roots; i++) value = k.let(unary("sqrt", value));
      const weight = (side: number): Expression => widen(k.load(weights, add(mul(bin, 2), side)), lanes);
      k.assign(below, fma(value, weight(0), below));
      k.assign(above, fma(value, weight(1), above));
    });
    // Segment s ends band s - 1. What segment 0 gives to no band is written over by segment 1.
    const band = k.let(max(add(segment, -1), 0));
    k.store(work, add(base, mul(add(band, bands), lanes)), add(rising, below));
    k.assign(rising, above);
  });
}
