import { FormatError } from "../../../base/errors.js";
import { GraphBuilder } from "../../../graph/builder.js";
import type { Attributes, DType, ParameterData, Quantization, TensorType, Value } from "../../../graph/types.js";
import { sizeOf } from "../../../graph/types.js";
import type { TfliteType } from "../schema.js";
import { type FileOperator, type FileSubgraph, type FileTensor, typeBytes } from "./file.js";

const dtypes: Partial<Record<TfliteType, DType>> = { float32: "f32", int32: "i32", int16: "i16", int8: "i8", uint8: "u8" };

/** Elements of little-endian bytes, at any alignment. */
export function elementsOf(type: TfliteType, bytes: Uint8Array): ParameterData | undefined {
  const { buffer } = Uint8Array.from(bytes);
  if (type === "float32") return new Float32Array(buffer);
  if (type === "int32") return new Int32Array(buffer);
  if (type === "int16") return new Int16Array(buffer);
  if (type === "int8") return new Int8Array(buffer);
  return type === "uint8" ? new Uint8Array(buffer) : undefined;
}

/** Whether two tensors have one scale and zero point, or the same of every channel. */
export const sameSteps = (a: Quantization, b: Quantization): boolean =>
  a.scale.join() === b.scale.join() && a.zeroPoint.join() === b.zeroPoint.join();

/** "a scale of 0.5 and the zero point -3". */
function stepsOf({ scale, zeroPoint }: Quantization): string {
  return `a scale of ${scale.slice(0, 3).join(", ")} and the zero point ${zeroPoint.slice(0, 3).join(", ")}`;
}

/** Reads one operator into nodes. */
export type ReadRule = (operator: FileOperator, reading: Reading) => void;

/** A variable that lives from run to run. */
interface Variable {
  readonly input: Value;
  current: Value;
}

/** The graph that is being made of the operators of a file. */
export class Reading {
  readonly file: string;
  readonly subgraph: FileSubgraph;
  readonly builder: GraphBuilder;
  /** Content of the parameters by name. */
  readonly parameters = new Map<string, ParameterData>();
  readonly #values = new Map<number, Value>();
  /** Whole numbers that do not depend on the input: shapes and what is computed of them. */
  readonly #integers = new Map<number, readonly number[]>();
  readonly #shared = new Map<string, Value>();
  readonly #names = new Set<string>();
  readonly #handles = new Map<number, string>();
  readonly #variables = new Map<string, Variable>();

  constructor(file: string, subgraph: FileSubgraph, name: string) {
    this.file = file;
    this.subgraph = subgraph;
    this.builder = new GraphBuilder(name);
  }

  refuse(operator: FileOperator, found: string, remedy = "this operator cannot be read in this form"): never {
    throw new FormatError(this.file, operator.place, found, remedy);
  }

  /** A name that nothing else has. */
  unique(name: string): string {
    const wanted = name === "" ? "tensor" : name;
    let unique = wanted;
    for (let i = 1; this.#names.has(unique); i++) unique = `${wanted}_${i}`;
    this.#names.add(unique);
    return unique;
  }

  /** The tensor in place `i` of an operator's inputs; undefined where it is left out. */
  input(operator: FileOperator, i: number): FileTensor | undefined {
    const index = operator.inputs[i];
    return index === undefined || index < 0 ? undefined : this.subgraph.tensors[index];
  }

  /** As `input`, for one that must be there. */
  required(operator: FileOperator, i: number): FileTensor {
    return this.input(operator, i) ?? this.refuse(operator, `input ${i} is missing`, "take an undamaged copy");
  }

  output(operator: FileOperator, i = 0): FileTensor {
    const tensor = this.subgraph.tensors[operator.outputs[i] ?? -1];
    return tensor ?? this.refuse(operator, `output ${i} is missing`, "take an undamaged copy");
  }

  /** The graph's type of a tensor. */
  typeOf(tensor: FileTensor): TensorType {
    const dtype = dtypes[tensor.type];
    if (!dtype)
      throw new FormatError(this.file, `tensor ${tensor.name}`, tensor.type, "its element type cannot be computed with");
    const { shape, quantization } = tensor;
    return { dtype, shape, ...(quantization ? { quantization } : {}) };
  }

  /** The value in place `i` of an operator's inputs; constants become parameters. */
  value(operator: FileOperator, i: number): Value {
    const tensor = this.required(operator, i);
    const index = operator.inputs[i] as number;
    const known = this.#values.get(index);
    if (known) return known;
    const folded = this.#integers.get(index);
    if (tensor.data === undefined && folded === undefined)
      return this.refuse(operator, `input ${i} (${tensor.name}) is never computed`, "take an undamaged copy");
    const content = tensor.data ?? new Uint8Array(Int32Array.from(folded as readonly number[]).buffer);
    const value = this.parameter(tensor, tensor.shape, content);
    this.#values.set(index, value);
    return value;
  }

  /**
   * A parameter with the content of a constant in another arrangement.
   * @param form tells arrangements of the same tensor apart
   */
  arranged(
    operator: FileOperator,
    i: number,
    form: string,
    shape: readonly number[],
    arrange: (content: ParameterData) => ParameterData,
    quantization: Quantization | undefined,
  ): Value {
    const key = `${form} ${operator.inputs[i]}`;
    const known = this.#shared.get(key);
    if (known) return known;
    const tensor = this.required(operator, i);
    if (!tensor.data) return this.refuse(operator, `input ${i} (${tensor.name}) is no constant`);
    const content = elementsOf(tensor.type, tensor.data);
    if (!content) return this.refuse(operator, `input ${i} (${tensor.name}) is of ${tensor.type}`);
    const changed = { ...tensor, ...(quantization ? { quantization } : {}) };
    const value = this.#parameter(changed, shape, arrange(content));
    this.#shared.set(key, value);
    return value;
  }

  parameter(tensor: FileTensor, shape: readonly number[], bytes: Uint8Array): Value {
    const content = elementsOf(tensor.type, bytes);
    if (!content)
      throw new FormatError(this.file, `tensor ${tensor.name}`, tensor.type, "its element type cannot be computed with");
    return this.#parameter(tensor, shape, content);
  }

  #parameter(tensor: FileTensor, shape: readonly number[], content: ParameterData): Value {
    const { dtype, quantization } = this.typeOf(tensor);
    // Converters join the names of what they fused with semicolons; the first is enough.
    return this.made(tensor.name.split(";", 1)[0] as string, shape, content, dtype, quantization);
  }

  /** A parameter that the file does not have in this form. */
  made(name: string, shape: readonly number[], content: ParameterData, dtype: DType = "f32", quantization?: Quantization): Value {
    const unique = this.unique(name);
    this.parameters.set(unique, content);
    return this.builder.parameter(unique, shape, { kind: "zeros" }, dtype, dtype === "f32", quantization);
  }

  /** Whole numbers that a shape input holds, or undefined where they depend on the input. */
  knownIntegers(operator: FileOperator, i: number): readonly number[] | undefined {
    const tensor = this.input(operator, i);
    if (!tensor) return undefined;
    const folded = this.#integers.get(operator.inputs[i] as number);
    if (folded) return folded;
    if (!tensor.data || tensor.data.length > 4096) return undefined;
    if (tensor.type === "int32") return [...(elementsOf("int32", tensor.data) as Int32Array)];
    if (tensor.type === "int64") {
      const words = elementsOf("int32", tensor.data) as Int32Array;
      return Array.from({ length: words.length / 2 }, (_, k) => words[2 * k] as number);
    }
    return undefined;
  }

  /** As `knownIntegers`, for an input that must hold them. */
  integers(operator: FileOperator, i: number): readonly number[] {
    return this.knownIntegers(operator, i) ?? this.refuse(operator, `input ${i} is no list of constants`);
  }

  /** The one stored number of a constant input; undefined where it is no such constant. */
  storedNumber(operator: FileOperator, i: number): number | undefined {
    const { type, data } = this.required(operator, i);
    const elements = data && data.length === typeBytes[type] ? elementsOf(type, data) : undefined;
    return elements?.[0];
  }

  setIntegers(operator: FileOperator, list: readonly number[]): void {
    const { type, shape } = this.output(operator);
    if (typeBytes[type] !== 4 || sizeOf(shape) !== list.length) this.refuse(operator, `gives ${list.length} whole numbers`);
    this.#integers.set(operator.outputs[0] as number, list);
  }

  /** Lets a value stand for a result of an operator, whose type in the file must agree. */
  set(operator: FileOperator, value: Value, i = 0): void {
    const tensor = this.output(operator, i);
    const { dtype, shape, quantization } = this.typeOf(tensor);
    const { type } = value;
    if (dtype !== type.dtype || shape.join() !== type.shape.join())
      this.refuse(
        operator,
        `gives ${type.dtype}[${type.shape.join(",")}], and the file says ${dtype}[${shape.join(",")}]`,
        "take a file of fixed sizes and a batch of 1",
      );
    // Operators that only move elements keep their scale; a runtime would take the elements for other numbers.
    if (quantization && type.quantization && !sameSteps(quantization, type.quantization))
      this.refuse(
        operator,
        `gives ${stepsOf(type.quantization)}, and the file says ${stepsOf(quantization)} of its result`,
        "take an undamaged copy",
      );
    this.#values.set(operator.outputs[i] as number, value);
  }

  /** Lets a value of ones and zeros stand for the truth values that an operator gives. */
  setTruth(operator: FileOperator, value: Value): void {
    const { type, shape } = this.output(operator);
    if (type !== "bool" || shape.join() !== value.type.shape.join())
      this.refuse(
        operator,
        `gives truth values [${value.type.shape.join(",")}], and the file says ${type}[${shape.join(",")}]`,
        "take an undamaged copy",
      );
    this.#values.set(operator.outputs[0] as number, value);
  }

  /** The condition in place `i` of an operator's inputs, as ones and zeros. */
  truth(operator: FileOperator, i: number): Value {
    const { type, name } = this.required(operator, i);
    const value = this.#values.get(operator.inputs[i] as number);
    if (type === "bool" && value) return value;
    return this.refuse(operator, `input ${i} (${name}) is no result of a comparison`);
  }

  /** A graph input. */
  setInput(index: number): void {
    const tensor = this.subgraph.tensors[index] as FileTensor;
    this.#values.set(index, this.builder.input(this.unique(tensor.name), this.typeOf(tensor)));
  }

  computed(index: number): Value | undefined {
    return this.#values.get(index);
  }

  /**
   * Applies an op of the graph.
   * @throws UserError where its inputs do not fit; the caller of the rule says at which operator
   */
  op(op: string, inputs: readonly Value[], attributes: Attributes = {}): Value {
    return this.builder.op(op, inputs, attributes);
  }

  /** Lets a resource tensor stand for the variable of that name. */
  setHandle(operator: FileOperator, name: string): void {
    this.#handles.set(operator.outputs[0] as number, name);
  }

  handle(operator: FileOperator): string {
    const name = this.#handles.get(operator.inputs[0] as number);
    return name ?? this.refuse(operator, "its variable has no handle", "take an undamaged copy");
  }

  variable(name: string, type: TensorType): Variable {
    const known = this.#variables.get(name);
    if (known) return known;
    const input = this.builder.state(this.unique(name), type);
    const variable = { input, current: input };
    this.#variables.set(name, variable);
    return variable;
  }

  /** What the variables become. */
  finishVariables(): void {
    for (const { input, current } of this.#variables.values()) this.builder.setState(input, current);
  }

  get variables(): ReadonlyMap<string, Variable> {
    return this.#variables;
  }
}
