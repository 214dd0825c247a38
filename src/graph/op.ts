import type { KernelBuilder } from "../kernels/kernel_builder.js";
import type { Expression } from "../kernels/language.js";
import type { LowerContext } from "./lower.js";
import type { TimeRule } from "./time.js";
import type { Attributes, Graph, Node, TensorType, Value } from "./types.js";

/** What a gradient rule may use: it writes nodes into the gradient graph. */
export interface GradientContext {
  readonly node: Node;
  /** Gradient of the loss with respect to each output; undefined where the loss does not depend on it. */
  readonly upstream: readonly (Value | undefined)[];
  /** Whether input i needs a gradient. */
  needs(i: number): boolean;
  apply(op: string, inputs: readonly Value[], attributes?: Attributes, body?: Graph): readonly Value[];
  op(op: string, inputs: readonly Value[], attributes?: Attributes): Value;
}

/** How an op walks a batch, which is the first axis of some of its inputs. */
export interface Batching {
  /** Which inputs are cut along their first axis; the op needs the others whole. */
  readonly sliced: readonly number[];
  /** What the results are: rows of a batch, one for one; sums over it; or statistics that passes/tile_batch.ts knows how to combine. */
  readonly gives: "rows" | "sum" | "moments";
  /** The attributes for a part of so many rows, where they hold the batch. */
  attributes?(rows: number): Attributes;
}

/** Everything that an op is. One file in graph/ops each. */
export interface OpDefinition {
  readonly name: string;
  /** One paragraph: what it computes, shapes, source. */
  readonly documentation: string;
  /** Types of the results. Throws UserError where the inputs do not fit. */
  infer(inputs: readonly TensorType[], attributes: Attributes, body?: Graph): TensorType[];
  /** Gradient for each input (undefined: none). Absent: the op has no gradient, and asking for one is an error. */
  gradient?(context: GradientContext): (Value | undefined)[];
  /** Element-wise ops: the value at one place from the inputs at that place. Gives kernel, fusion and broadcasting. */
  expression?(k: KernelBuilder, inputs: readonly Expression[], attributes: Attributes): Expression;
  /** Kernels. Absent for element-wise ops (lowered through `expression`) and views. */
  lower?(context: LowerContext): void;
  /** Whether the result can be added to what its place holds (`Region.adds`). */
  readonly adds?: boolean;
  /** The result is the input's memory under another shape. */
  readonly view?: boolean;
  /** How a batch can be brought through the op in parts; absent or undefined: not at all. Element-wise ops need none. */
  batching?(inputs: readonly TensorType[], outputs: readonly TensorType[], attributes: Attributes): Batching | undefined;
  /** What the op does to time (graph/time.ts); element-wise ops need none. Absent: no stream can have it. */
  readonly time?: TimeRule;
  /** Multiply-accumulates for one run. */
  multiplyAccumulates?(inputs: readonly TensorType[], outputs: readonly TensorType[], attributes: Attributes): number;
}
