/** Element types of tensors. f64 serves gradient checks. */
export type DType = "f32" | "f64" | "i32" | "i16" | "i8" | "u8";

/** Which axis of a tensor is time. */
export interface TimeAxis {
  readonly axis: number;
  /** Hops of the input per step along this axis. */
  readonly rate: number;
  /** Steps by which the tensor lags behind the input. */
  readonly delay: number;
}

/** real = scale * (stored - zero point); one scale, or one for each index of `axis`. */
export interface Quantization {
  readonly scale: readonly number[];
  readonly zeroPoint: readonly number[];
  readonly axis?: number;
}

/** Type of a value. Activations are [batch, time, frequency, channel]. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly time?: TimeAxis;
  readonly quantization?: Quantization;
}

/** One tensor of a graph: what a node gives, or an input, parameter or state. */
export interface Value {
  readonly id: number;
  readonly type: TensorType;
}

export type Attribute = number | string | boolean | readonly number[] | readonly string[];
export type Attributes = Readonly<Record<string, Attribute>>;

/** One application of an op. Nodes stand in an order in which every input precedes its use. */
export interface Node {
  readonly op: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly attributes: Attributes;
  /** Cell graph of scan, expression graph of fused. */
  readonly body?: Graph;
}

export interface NamedValue {
  readonly name: string;
  readonly value: Value;
}

/** How a parameter starts. */
export type Initializer =
  | { readonly kind: "zeros" | "ones" }
  | { readonly kind: "constant"; readonly value: number }
  /** Equal parts of the last axis, each of one value: the gates of a bias */
  | { readonly kind: "parts"; readonly values: readonly number[] }
  /** uniform in +-sqrt(6 / (fanIn + fanOut)) (Glorot and Bengio 2010) */
  | { readonly kind: "glorot_uniform"; readonly fanIn: number; readonly fanOut: number }
  /** uniform in +- a limit, one for each of equal parts of the last axis: gates that are drawn apart and stand in one matrix */
  | { readonly kind: "uniform"; readonly limits: readonly number[] }
  /** normal, cut at two deviations */
  | { readonly kind: "truncated_normal"; readonly deviation: number }
  | { readonly kind: "normal"; readonly deviation: number }
  /** orthonormal rows or columns (Saxe et al. 2014) */
  | { readonly kind: "orthogonal" };

/** A weight, or a buffer (moving statistics) where `trainable` is false. */
export interface Parameter {
  readonly name: string;
  readonly value: Value;
  readonly initializer: Initializer;
  readonly trainable: boolean;
}

/** Values of a parameter or buffer, row-major, of its element type. */
export type ParameterData = Float32Array | Int32Array | Int16Array | Int8Array | Uint8Array;

/** A value carried from one run to the next; starts as zeros (integers: their zero points). */
export interface State {
  readonly name: string;
  readonly input: Value;
  readonly output: Value;
}

/** A function of tensors: static, without loops other than scan. */
export interface Graph {
  readonly name: string;
  readonly inputs: readonly NamedValue[];
  readonly parameters: readonly Parameter[];
  readonly states: readonly State[];
  readonly nodes: readonly Node[];
  readonly outputs: readonly NamedValue[];
}

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** Bytes of one element. */
export const dtypeBytes: Record<DType, number> = { f32: 4, f64: 8, i32: 4, i16: 2, i8: 1, u8: 1 };

/** "f32[100,49,10]". */
export function typeText(type: TensorType): string {
  return `${type.dtype}[${type.shape.join(",")}]`;
}

/** A type without time axis or quantization. */
export function tensor(dtype: DType, shape: readonly number[]): TensorType {
  return { dtype, shape: [...shape] };
}
