import type { FloatKind } from "../float_bytes.js";

/** TensorFlow's numbers of element types (types.proto), by their names. */
export const elementTypes: ReadonlyMap<number, string> = new Map([
  [1, "float32"],
  [2, "float64"],
  [3, "int32"],
  [4, "uint8"],
  [5, "int16"],
  [6, "int8"],
  [7, "string"],
  [8, "complex64"],
  [9, "int64"],
  [10, "bool"],
  [14, "bfloat16"],
  [17, "uint16"],
  [18, "complex128"],
  [19, "float16"],
  [20, "resource"],
  [22, "uint32"],
  [23, "uint64"],
]);

/** Those that weights have. */
export const floatTypes: ReadonlyMap<string, FloatKind> = new Map([
  ["float32", "f32"],
  ["float64", "f64"],
  ["float16", "f16"],
  ["bfloat16", "bf16"],
]);
