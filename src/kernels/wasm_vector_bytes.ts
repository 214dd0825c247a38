import type { ComputeType } from "./language.js";

/** Bytes of a vector whose lanes are equal. */
export function vectorBytes(type: ComputeType, value: number): Uint8Array {
  if (type === "f64") return new Uint8Array(new Float64Array(2).fill(value).buffer);
  if (type === "f32") return new Uint8Array(new Float32Array(4).fill(value).buffer);
  return new Uint8Array(new Int32Array(4).fill(type === "mask" && value !== 0 ? -1 : value).buffer);
}
