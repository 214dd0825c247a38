import type { Epilogue } from "../kernels/contraction_plan.js";
import type { Kernel } from "../kernels/language.js";
import type { Attributes, DType, Graph, Node, TensorType } from "./types.js";

/** A tensor in the program's memory. */
export interface Region {
  readonly id: number;
  readonly type: TensorType;
  /** Results are added to what is there; only as an output of ops that say `adds`. */
  readonly adds?: boolean;
}

/** What becomes of a product's sums before they are written (`Epilogue`), and where its operands and results lie. */
export interface ProductEpilogue extends Epilogue {
  /** Equal for equal bodies. */
  readonly key: string;
  readonly operandRegions: readonly Region[];
  readonly results: readonly Region[];
}

/** What an op's `lower` writes to: kernels called on regions of memory. Implemented by the engine. */
export interface LowerContext {
  readonly inputs: readonly Region[];
  readonly outputs: readonly Region[];
  readonly attributes: Attributes;
  readonly body?: Graph;
  /** For a product: its own output is not wanted, only what the epilogue makes of it. */
  readonly epilogue?: ProductEpilogue;
  /** For a product in a loop: what nodes read after it, to be asked for meanwhile (graph/read_ahead.ts). */
  readonly next?: readonly Region[];
  /** Lanes of the target's f32 vectors: 1 in JavaScript, 4 in WebAssembly, 4 to 16 in C. Vectors of any power of two from 4 to this may be used. */
  readonly lanes: number;
  /** Vector registers of the target: bounds the number of accumulators of a register block. */
  readonly registers: number;
  /** Whether one thread runs what is called: in a `batchLoop`. */
  readonly alone: boolean;
  /** Whether the region holds the same in every turn of the loop around: what is made of it alone is made once. False outside of loops. */
  repeats(region: Region): boolean;
  /** Memory for this node alone, not initialised. */
  workspace(dtype: DType, elements: number): Region;
  /** Constant data, shared between equal contents. */
  constant(data: Float32Array | Float64Array | Int32Array): Region;
  /** Runs the kernel on the regions. Equal keys must mean equal kernels; `make` is called once a key. */
  call(key: string, make: () => Kernel, regions: readonly Region[]): void;
  /** Copies one region to another of the same size. */
  copy(from: Region, to: Region): void;
  /** Element `index` of the region's first axis, without the axis. */
  part(region: Region, index: number): Region;
  /** Repeats what `body` calls over `count` turns: the cell of a scan. */
  loop(count: number, reverse: boolean, body: (context: LoopContext) => void): void;
  /** Brings a batch through what `body` calls, part by part, groups of parts side by side. `first` is called once a group. */
  batchLoop(
    groups: number,
    parts: number,
    first: (context: LoopContext) => void,
    body: (context: BatchLoopContext) => void,
  ): void;
}

/** Inside a loop: regions that move with the turn, and graphs lowered over them. */
export interface LoopContext {
  /** The part of `region` that belongs to this turn, or to the one `ahead` of it: its first axis is the turns. */
  slice(region: Region, ahead?: number): Region;
  /** Says what is read after a product of the loop's graph, for its kernel to ask for it (`LowerContext.next`). */
  next(product: Node, regions: readonly Region[]): void;
  /** Whether the op that makes that output can add it to what a place holds (`Region.adds`), and nothing else needs the output. */
  adds(graph: Graph, output: number): boolean;
  /** Lowers the graph with its inputs (then parameters) at the given regions; gives the regions of its outputs. Where `outputs` names a region, the output is written there. */
  graph(graph: Graph, inputs: readonly Region[], outputs: readonly (Region | undefined)[]): readonly Region[];
}

/** Inside a loop over a batch: `slice` takes the group's element of the first axis. */
export interface BatchLoopContext extends LoopContext {
  /** The rows of the first axis that belong to this part, or to the one `ahead` of it, which may not exist. */
  rows(region: Region, ahead?: number): Region;
  /** The element of the first axis that belongs to this part, without the axis. */
  row(region: Region): Region;
}
