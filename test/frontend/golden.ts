import { readFileSync } from "node:fs";

interface GoldenTensor {
  readonly shape: number[];
  readonly dtype: "f32" | "f64" | "i32" | "i16" | "u8";
  readonly data: string;
}

/** A case of test/golden/*.json. */
export interface GoldenCase {
  readonly name: string;
  readonly attributes: Record<string, unknown>;
  readonly inputs: Record<string, GoldenTensor | { tensor: string; scale: number }>;
  readonly outputs: Record<string, GoldenTensor>;
  readonly reference?: { outputs: Record<string, GoldenTensor> };
}

/** Values of a tensor as doubles. */
export function valuesOf({ dtype, data }: GoldenTensor): Float64Array {
  const bytes = new Uint8Array(Buffer.from(data, "base64")).buffer;
  if (dtype === "f32") return Float64Array.from(new Float32Array(bytes));
  if (dtype === "f64") return new Float64Array(bytes);
  if (dtype === "i32") return Float64Array.from(new Int32Array(bytes));
  return dtype === "i16" ? Float64Array.from(new Int16Array(bytes)) : Float64Array.from(new Uint8Array(bytes));
}

/** The golden file of that name: cases, and the values of a case's input. */
export function goldenFile(name: string): { cases: GoldenCase[]; input: (golden: GoldenCase, input: string) => Float64Array } {
  const file = JSON.parse(readFileSync(new URL(`../golden/${name}`, import.meta.url), "utf8"));
  const input = (golden: GoldenCase, key: string): Float64Array => {
    const found = golden.inputs[key];
    if (!found) throw new Error(`${golden.name} has no input ${key}`);
    return "tensor" in found ? valuesOf(file.tensors[found.tensor]).map((x) => x * found.scale) : valuesOf(found);
  };
  return { cases: file.cases, input };
}

/** Largest absolute difference of two lists of one length. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`${a.length} values against ${b.length}`);
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs((a[i] as number) - (b[i] as number));
    // A NaN is a difference.
    if (!(difference <= most)) most = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
  }
  return most;
}
