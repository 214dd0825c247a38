import type { Region } from "../graph/lower.js";
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
