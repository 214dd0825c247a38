import type { Kernel } from "./language.js";

/** A byte offset into the program's memory that moves with the counters of the enclosing loops, outermost first. */
export interface Offset {
  readonly base: number;
  /** Bytes a turn, one for each enclosing loop. */
  readonly strides: readonly number[];
  /** Whether it lies in the running thread's own memory: each thread has `Program.ownBytes` more of it than the one before. */
  readonly own?: boolean;
}

/**
 * Parts of a batch, each brought through the whole body by one thread while it is in that thread's cache. Two counters:
 * the group, and the part, counted through all groups; group g has the parts from floor(parts g / groups) on. `first` runs
 * once a group, before its parts, and knows its counter only.
 */
export interface BatchLoop {
  readonly kind: "batch";
  readonly groups: number;
  readonly parts: number;
  readonly first: readonly Instruction[];
  readonly body: readonly Instruction[];
}

/** What a compiled program does: calls of kernels, some of them repeated over time. */
export type Instruction =
  | {
      readonly kind: "call";
      readonly kernel: number;
      readonly offsets: readonly Offset[];
      /** Only thread 0 runs it. */
      readonly sequential?: boolean;
      /** The next instruction needs nothing that another thread writes here, and spoils nothing that it reads: threads need not meet in between. */
      readonly independent?: boolean;
    }
  | { readonly kind: "loop"; readonly count: number; readonly reverse: boolean; readonly body: readonly Instruction[] }
  | BatchLoop;

/** What a kernel is called for, for people who look at a profile. */
export interface KernelLabel {
  /** Op of the node that it was first made for. */
  readonly op: string;
  /** Shapes of the inputs and outputs of that node. */
  readonly shapes: string;
  /** Of one call; 0 for kernels that only prepare or move data. */
  readonly multiplyAccumulates: number;
}

/** Kernels (without duplicates) and the order in which they run over one memory. */
export interface Program {
  readonly kernels: readonly Kernel[];
  /** One a kernel. */
  readonly labels?: readonly KernelLabel[];
  readonly instructions: readonly Instruction[];
  /** Bytes of each thread's own memory. */
  readonly ownBytes: number;
}

/** All call instructions, in printed order, with the depth of loops around them. */
export function* calls(
  instructions: readonly Instruction[],
  depth = 0,
): Generator<{ call: Instruction & { kind: "call" }; depth: number }> {
  for (const instruction of instructions) {
    if (instruction.kind === "call") yield { call: instruction, depth };
    else if (instruction.kind === "loop") yield* calls(instruction.body, depth + 1);
    else {
      yield* calls(instruction.first, depth + 1);
      yield* calls(instruction.body, depth + 2);
    }
  }
}
