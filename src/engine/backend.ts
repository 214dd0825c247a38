import type { KernelTime } from "./kernel_times.js";

/** A lowered program made runnable by a target. */
export interface Backend {
  readonly memory: ArrayBufferLike;
  /** Byte of the memory from which the program's offsets are counted. */
  readonly origin: number;
  /** Threads that a run uses, the caller's among them. */
  readonly threads: number;
  /** Whether compiled code came from the cache. */
  readonly cached: boolean;
  readonly run: () => void;
  readonly close: () => void;
  /** Time by kernel, where the program was compiled to measure it. */
  readonly times?: () => KernelTime[];
}
