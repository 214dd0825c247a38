import { type ParameterData, sizeOf, type TensorType } from "../../graph/types.js";

/** What a state of that type starts with where nothing else is said: zeros, or of quantized integers the zero point. */
export function firstValues({ dtype, shape, quantization }: TensorType): ParameterData {
  const size = sizeOf(shape);
  const value = quantization?.zeroPoint[0] ?? 0;
  if (dtype === "i32") return new Int32Array(size).fill(value);
  if (dtype === "i16") return new Int16Array(size).fill(value);
  if (dtype === "i8") return new Int8Array(size).fill(value);
  return dtype === "u8" ? new Uint8Array(size).fill(value) : new Float32Array(size);
}
