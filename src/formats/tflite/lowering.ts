import type { DType, Node, Quantization, Value } from "../../graph/types.js";
import type { TfliteEmitter } from "./emitter.js";
import type { Activation, TfliteType } from "./schema.js";

const types: Partial<Record<DType, TfliteType>> = { i32: "int32", i16: "int16", i8: "int8", u8: "uint8" };

/** Element type and quantization of a value as the file has them. */
export function kindOfValue({ type }: Value): { readonly type: TfliteType; readonly quantization?: Quantization } {
  return { type: types[type.dtype] ?? "float32", ...(type.quantization ? { quantization: type.quantization } : {}) };
}

/** What an op's rule sees of the graph around it. */
export interface TfliteLowering {
  readonly emitter: TfliteEmitter;
  /** The tensor of a value; a constant is written when it is asked for. */
  tensor(value: Value): number;
  /** Elements of a value that does not depend on the input, row-major. */
  constant(value: Value): ArrayLike<number> | undefined;
  /** The tensor of truth values of a condition, which is 1 or 0 as a value. */
  truth(condition: Value): number;
  /** Lets a tensor of truth values stand for a condition; `number` makes its ones and zeros where they are needed. */
  setTruth(condition: Value, tensor: number, number: () => number): void;
  /** Lets a tensor stand for a value. */
  set(value: Value, tensor: number): void;
  /** Lets elements stand for a value: it is written only if something needs it as a tensor. */
  setConstant(value: Value, elements: ArrayLike<number>): void;
  /** Name for the tensors of a node. */
  name(value: Value): string;
  /** What follows the node and can be done within its operator: the bias added to it, the activation, and the value that results. */
  epilogue(node: Node, withBias: boolean): Epilogue;
}

export interface Epilogue {
  readonly bias?: ArrayLike<number>;
  readonly activation: Activation;
  readonly result: Value;
}

/** Writes one node as operators. */
export type TfliteRule = (node: Node, lowering: TfliteLowering) => void;
