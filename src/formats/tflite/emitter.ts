import { UserError } from "../../base/errors.js";
import { type ParameterData, type Quantization, sizeOf } from "../../graph/types.js";
import type { TfliteContent, TfliteOperator, TfliteOptions, TfliteTensor } from "./content.js";
import type { BuiltinOperator, OptionName, TfliteType } from "./schema.js";

/** Elements of the largest constant that is written; the format itself ends at 2 GB a file. */
const mostConstantElements = 1 << 28;

const quantizedTypes = [
  [BigInt64Array, "int64"],
  [Int32Array, "int32"],
  [Int16Array, "int16"],
  [Uint8Array, "uint8"],
] as const;

/** A result of an operator: float32 unless told. */
export interface EmittedResult {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type?: TfliteType;
  readonly quantization?: Quantization;
}

/** Collects tensors and operators of a .tflite file. */
export class TfliteEmitter {
  readonly #tensors: TfliteTensor[] = [];
  readonly #operators: TfliteOperator[] = [];
  readonly #constants = new Map<string, number>();
  readonly #shared = new Map<unknown, number>();
  readonly #names = new Set<string>();

  /** A new tensor; gives its index. */
  tensor(
    name: string,
    shape: readonly number[],
    type: TfliteType = "float32",
    data?: Uint8Array,
    quantization?: Quantization,
  ): number {
    let unique = name;
    for (let i = 1; this.#names.has(unique); i++) unique = `${name}_${i}`;
    this.#names.add(unique);
    return (
      this.#tensors.push({
        name: unique,
        shape: [...shape],
        type,
        ...(data ? { data } : {}),
        ...(quantization ? { quantization } : {}),
      }) - 1
    );
  }

  shapeOf(tensor: number): readonly number[] {
    return this.#tensors[tensor].shape;
  }

  /** Element type and quantization of a tensor. */
  kindOf(tensor: number): Pick<EmittedResult, "type" | "quantization"> {
    const { type, quantization } = this.#tensors[tensor];
    return { type, ...(quantization ? { quantization } : {}) };
  }

  /** A constant of integers with scales. */
  quantized(name: string, shape: readonly number[], values: ParameterData | BigInt64Array, quantization: Quantization): number {
    const type = quantizedTypes.find(([kind]) => values instanceof kind)?.[1] ?? "int8";
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    return this.tensor(name, shape, type, bytes, quantization);
  }

  /** A constant of f32 values; equal constants are one tensor. */
  floats(name: string, shape: readonly number[], values: ArrayLike<number>): number {
    if (values.length > mostConstantElements)
      throw new UserError(`${name}: a constant of ${values.length} elements is too large for a .tflite file`);
    return this.#constant(name, shape, "float32", Float32Array.from(values));
  }

  /** A constant of i32 values; equal constants are one tensor. */
  integers(name: string, shape: readonly number[], values: readonly number[]): number {
    return this.#constant(name, shape, "int32", Int32Array.from(values));
  }

  #constant(name: string, shape: readonly number[], type: TfliteType, values: Float32Array | Int32Array): number {
    const data = new Uint8Array(values.buffer);
    // Small ones only: for weights equality is not worth the text.
    const key = values.length <= 256 ? `${type} ${shape.join(",")} ${data.join(",")}` : undefined;
    const known = key === undefined ? undefined : this.#constants.get(key);
    if (known !== undefined) return known;
    const tensor = this.tensor(name, shape, type, data);
    if (key !== undefined) this.#constants.set(key, tensor);
    return tensor;
  }

  /** The tensor under this key (compared by identity), made at the first call. */
  shared(key: unknown, make: () => number): number {
    const tensor = this.#shared.get(key) ?? make();
    this.#shared.set(key, tensor);
    return tensor;
  }

  /** Adds an operator whose one result is a new tensor; gives that tensor. */
  apply(
    code: BuiltinOperator,
    inputs: readonly number[],
    result: EmittedResult,
    options?: readonly [table: OptionName, values: TfliteOptions["values"]],
    version = 1,
  ): number {
    const output = this.tensor(result.name, result.shape, result.type ?? "float32", undefined, result.quantization);
    const built = options && { table: options[0], values: options[1] };
    this.#operators.push({ code, version, inputs, outputs: [output], ...(built ? { options: built } : {}) });
    return output;
  }

  /** Adds an operator on tensors that are there. */
  operator(
    code: BuiltinOperator,
    inputs: readonly number[],
    outputs: readonly number[],
    options?: readonly [table: OptionName, values: TfliteOptions["values"]],
  ): void {
    const built = options && { table: options[0], values: options[1] };
    this.#operators.push({ code, version: 1, inputs, outputs, ...(built ? { options: built } : {}) });
  }

  /** Adds a custom operator; `options` is a FlexBuffer. */
  custom(
    name: string,
    options: Uint8Array,
    inputs: readonly number[],
    result: { name: string; shape: readonly number[] },
  ): number {
    const output = this.tensor(result.name, result.shape);
    this.#operators.push({ code: "CUSTOM", version: 1, inputs, outputs: [output], custom: { name, options } });
    return output;
  }

  /** RESHAPE, or the tensor itself where it has the shape already. */
  reshape(tensor: number, shape: readonly number[], name: string): number {
    if (this.shapeOf(tensor).join() === shape.join()) return tensor;
    if (sizeOf(shape) !== sizeOf(this.shapeOf(tensor))) throw new Error(`reshape of ${this.shapeOf(tensor)} to ${shape}`);
    return this.apply(
      "RESHAPE",
      [tensor, this.integers("shape", [shape.length], shape)],
      { ...this.kindOf(tensor), name, shape },
      ["Reshape", {}],
    );
  }

  /** @param inputs indices of tensors by the name in the signature; outputs likewise */
  finish(
    description: string,
    inputs: TfliteContent["inputs"],
    outputs: TfliteContent["outputs"],
    metadata: TfliteContent["metadata"],
    initialisation?: TfliteContent["initialisation"],
  ): TfliteContent {
    const tensors = this.#tensors;
    const operators = this.#operators;
    return { description, tensors, operators, inputs, outputs, metadata, initialisation };
  }
}
