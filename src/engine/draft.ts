import type { Kernel } from "../kernels/language.js";
import type { Instruction, Offset } from "../kernels/program.js";
import type { Storage } from "./memory.js";
import type { Place } from "./place.js";

export interface DraftCall {
  readonly kind: "call";
  readonly kernel: number;
  readonly places: readonly Place[];
  /** It takes less time than threads need to meet after it. */
  readonly isSmall?: boolean;
}

/** An instruction whose tensors have no offsets yet. */
export type Draft =
  | DraftCall
  | { readonly kind: "loop"; readonly count: number; readonly reverse: boolean; readonly body: Draft[] }
  | { readonly kind: "batch"; readonly groups: number; readonly parts: number; readonly first: Draft[]; readonly body: Draft[] };

const isSmall = (d: Draft | undefined): boolean => d?.kind === "call" && d.isSmall === true;

/**
 * The instructions, once memory is planned. Small calls are one thread's, which goes from one to the next without waiting.
 * @param alone whether all of them are one thread's
 */
export function instructions(drafts: readonly Draft[], depth = 0, alone = false): Instruction[] {
  return drafts.map((d, i) => {
    if (d.kind === "loop") return { ...d, body: instructions(d.body, depth + 1, alone) };
    if (d.kind === "batch")
      return { ...d, first: instructions(d.first, depth + 1, true), body: instructions(d.body, depth + 2, true) };
    const offsets: Offset[] = d.places.map((p) => {
      const strides = Array.from({ length: depth }, (_, i) => p.strides[i] ?? 0);
      return { base: p.storage.offset + p.base, strides, ...(p.storage.own ? { own: true } : {}) };
    });
    if (alone || !isSmall(d)) return { kind: "call", kernel: d.kernel, offsets };
    return {
      kind: "call",
      kernel: d.kernel,
      offsets,
      sequential: true,
      ...(isSmall(drafts[i + 1]) ? { independent: true } : {}),
    };
  });
}

function touched(drafts: readonly Draft[], written: boolean, kernels: readonly Kernel[], into: Map<Storage, number>): void {
  for (const d of drafts) {
    if (d.kind === "batch") touched(d.first, written, kernels, into);
    if (d.kind !== "call") touched(d.body, written, kernels, into);
    else
      d.places.forEach(({ storage }, i) => {
        if (kernels[d.kernel]!.buffers[i]!.written === written) into.set(storage, (into.get(storage) ?? 0) + 1);
      });
  }
}

/**
 * Takes out of a loop's body the calls that do the same in every turn, as packing a weight: they read only what the loop does
 * not write, and write only what nothing else in the loop writes and the loop keeps to itself.
 * @param around number of the loop around the loop
 * @param may which kernels' calls may be taken
 */
export function takeInvariant(
  body: Draft[],
  first: readonly Draft[],
  kernels: readonly Kernel[],
  around: number,
  may: (kernel: Kernel) => boolean,
): DraftCall[] {
  const writes = new Map<Storage, number>();
  touched(body, true, kernels, writes);
  touched(first, true, kernels, writes);
  const taken = new Set<DraftCall>();
  const made = new Set<Storage>();
  for (const d of body) {
    if (d.kind !== "call" || !may(kernels[d.kernel]!)) continue;
    const { buffers } = kernels[d.kernel]!;
    const fixed = d.places.every(({ storage, strides }, i) => {
      if (strides.some((s) => s !== 0)) return false;
      if (buffers[i]!.written) return !storage.persistent && storage.loop > around && writes.get(storage) === 1;
      return made.has(storage) || !writes.has(storage);
    });
    if (!fixed) continue;
    taken.add(d);
    d.places.forEach(({ storage }, i) => {
      if (buffers[i]!.written) made.add(storage);
    });
  }
  body.splice(0, body.length, ...body.filter((d) => d.kind !== "call" || !taken.has(d)));
  return [...taken];
}
