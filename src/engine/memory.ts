import { dtypeBytes, type DType } from "../graph/types.js";

/** A piece of the program's memory with the span of calls during which it holds something. */
export interface Storage {
  readonly id: number;
  readonly bytes: number;
  /** What it is for, shown in the printed plan. */
  readonly label: string;
  /** Kept from run to run: inputs, outputs, parameters, states, constants. */
  readonly persistent: boolean;
  /** First and last call that touches it. */
  first: number;
  last: number;
  /** Loop in which it was made (0: none). */
  readonly loop: number;
  /** Byte offset, known after planning. */
  offset: number;
}

/** Every storage starts at a cache line. */
export const alignment = 64;

/** Bytes of a tensor, rounded up to whole cache lines. */
export function storageBytes(dtype: DType, elements: number): number {
  return Math.max(1, Math.ceil((elements * dtypeBytes[dtype]) / alignment)) * alignment;
}

/**
 * Gives every storage its offset: persistent ones side by side, the others, largest first, at the lowest place that is
 * free during their whole span. Returns the bytes needed.
 */
export function planMemory(storages: readonly Storage[]): number {
  let top = 0;
  for (const s of storages) {
    if (!s.persistent) continue;
    s.offset = top;
    top += s.bytes;
  }
  const base = top;
  const placed: Storage[] = [];
  const rest = storages.filter((s) => !s.persistent).sort((a, b) => b.bytes - a.bytes || a.id - b.id);
  for (const s of rest) {
    const taken = placed.filter((o) => o.first <= s.last && s.first <= o.last).sort((a, b) => a.offset - b.offset);
    let offset = base;
    for (const o of taken) {
      if (o.offset >= offset + s.bytes) break;
      offset = Math.max(offset, o.offset + o.bytes);
    }
    s.offset = offset;
    placed.push(s);
    top = Math.max(top, offset + s.bytes);
  }
  return top;
}

/** The plan as text, one storage a line. */
export function printPlan(storages: readonly Storage[]): string {
  return storages
    .map(
      (s) =>
        `${String(s.offset).padStart(10)} ${String(s.bytes).padStart(10)}  ${s.persistent ? "kept" : `${s.first}..${s.last}`}  ${s.label}`,
    )
    .join("\n");
}
