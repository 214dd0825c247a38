import { type DType, dtypeBytes } from "../graph/types.js";

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
  loop: number;
  /** Every thread has one of its own: what a loop over parts of a batch keeps to itself. */
  own: boolean;
  /** Byte offset, known after planning. */
  offset: number;
}

/** Every storage starts at a cache line, unless the target says otherwise. */
export const alignment = 64;

/** Bytes of a tensor, rounded up to whole cache lines, or to another alignment. */
export function storageBytes(dtype: DType, elements: number, multiple: number = alignment): number {
  return Math.max(1, Math.ceil((elements * dtypeBytes[dtype]) / multiple)) * multiple;
}

/** Largest first, each at the lowest place from `base` on that is free during its whole span. Returns the end. */
function place(storages: readonly Storage[], base: number): number {
  let top = base;
  const placed: Storage[] = [];
  for (const s of [...storages].sort((a, b) => b.bytes - a.bytes || a.id - b.id)) {
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

/**
 * Gives every storage its offset: persistent ones side by side, then the others, then what every thread has for itself (those
 * offsets are the first thread's). Returns the bytes needed by one thread, and by each further one.
 */
export function planMemory(storages: readonly Storage[]): { bytes: number; ownBytes: number } {
  let top = 0;
  for (const s of storages) {
    if (!s.persistent) continue;
    s.offset = top;
    top += s.bytes;
  }
  const shared = place(
    storages.filter((s) => !s.persistent && !s.own),
    top,
  );
  const bytes = place(
    storages.filter((s) => s.own),
    shared,
  );
  return { bytes, ownBytes: bytes - shared };
}

/** The plan as text, one storage a line. */
export function printPlan(storages: readonly Storage[]): string {
  return storages
    .map(
      (s) =>
        `${String(s.offset).padStart(10)} ${String(s.bytes).padStart(10)}  ${s.persistent ? "kept" : `${s.first}..${s.last}`}${s.own ? " a thread" : ""}  ${s.label}`,
    )
    .join("\n");
}
