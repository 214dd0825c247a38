import type { Initializer } from "../../graph/types.js";

/** The deviation of kernels that TensorFlow's speech commands example draws itself. */
export const smallNormal: Initializer = { kind: "truncated_normal", deviation: 0.01 };

/** What TensorFlow 1 draws where get_variable names no initialiser, for a vector: Glorot uniform with its length as both fans. */
export function unnamedVector(length: number): Initializer {
  return { kind: "glorot_uniform", fanIn: length, fanOut: length };
}
