import { invariant } from "../base/errors.js";
import type { Region } from "../graph/lower.js";
import { movedType } from "../graph/quantized.js";
import { dtypeBytes, sizeOf } from "../graph/types.js";
import type { Storage } from "./memory.js";

/** A tensor's place: a storage and how far it moves, in bytes, with the counter of each enclosing loop. */
export interface Place extends Region {
  readonly storage: Storage;
  readonly base: number;
  readonly strides: readonly number[];
}

/** Whether two places have memory in common, as far as can be told: steps of a sequence that move together have none. */
export function overlap(a: Place, b: Place): boolean {
  if (a.storage !== b.storage) return false;
  const bytes = ({ type }: Place): number => sizeOf(type.shape) * dtypeBytes[type.dtype];
  const together = a.strides.length === b.strides.length && a.strides.every((s, i) => s === b.strides[i]);
  return !together || (a.base < b.base ? a.base + bytes(a) > b.base : b.base + bytes(b) > a.base);
}

/**
 * The element of the first axis, without the axis, or a number of rows, that moves with the loop of that depth.
 * @param ahead elements that it lies before the loop's own
 */
export function sliceOf(place: Place, depth: number, rows: readonly number[], ahead: number): Place {
  const [steps, ...shape] = place.type.shape;
  invariant(steps !== undefined, "a sequence has a first axis");
  const type = movedType(place.type, [...rows, ...shape]);
  const bytes = sizeOf(type.shape) * dtypeBytes[type.dtype];
  const strides = [...place.strides];
  while (strides.length < depth) strides.push(0);
  strides[depth] = bytes;
  return { ...place, type, base: place.base + ahead * bytes, strides };
}

/** Element `index` of the first axis, without the axis. */
export function partOf(place: Place, index: number): Place {
  const type = movedType(place.type, place.type.shape.slice(1));
  return { ...place, type, base: place.base + index * sizeOf(type.shape) * dtypeBytes[type.dtype] };
}
