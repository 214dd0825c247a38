import type { TensorType } from "../graph/types.js";
import type { KernelTime } from "./kernel_times.js";

export type TargetName = "oracle" | "wasm" | "native";

export type TensorData = Float32Array | Float64Array | Int32Array | Int16Array | Int8Array | Uint8Array;

/** A compiled graph with its memory. Not safe to run from two places at once. */
export interface CompiledProgram {
  readonly target: TargetName;
  /** Threads that a run uses; fewer than asked for where the machine gives no more. */
  readonly threads: number;
  /** Bytes of the program's memory: parameters, states, constants and the planned peak of everything else. */
  readonly peakBytes: number;
  /** Names of inputs, outputs, parameters and states. */
  readonly names: readonly string[];
  /** Milliseconds that compiling took, and whether compiled code came from the cache. */
  readonly compileMilliseconds: number;
  readonly cached: boolean;
  typeOf(name: string): TensorType;
  /** Copies data in; the length must fit. */
  write(name: string, data: ArrayLike<number>): void;
  /** A view of the tensor in the program's memory, of its element type. */
  view(name: string): TensorData;
  /** As `view`, for f32 tensors. */
  read(name: string): Float32Array;
  run(): void;
  /** Time by kernel since compiling, longest first; empty unless compiled with `profile`. */
  kernelTimes(): readonly KernelTime[];
  /** Frees memory and threads. */
  close(): void;
}
