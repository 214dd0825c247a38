import { readFileSync } from "node:fs";

interface StoredTensor {
  shape: number[];
  dtype: string;
  data: string;
}

interface StoredCase {
  name: string;
  inputs: Record<string, StoredTensor>;
  outputs: Record<string, StoredTensor>;
}

/** One tensor of a golden file (tools/golden/README.md). */
export interface GoldenTensor {
  shape: number[];
  values: Float32Array;
}

/** Inputs and outputs of one case of a golden file. */
export function goldenCase(file: string, name: string): Record<"inputs" | "outputs", Record<string, GoldenTensor>> {
  const { cases } = JSON.parse(readFileSync(new URL(`../golden/${file}.json`, import.meta.url), "utf8")) as {
    cases: StoredCase[];
  };
  const found = cases.find((c) => c.name === name);
  if (!found) throw new Error(`${file} has no case ${name}`);
  return { inputs: decodeAll(found.inputs), outputs: decodeAll(found.outputs) };
}

function decodeAll(tensors: Record<string, StoredTensor>): Record<string, GoldenTensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, dtype, data }]) => {
      if (dtype !== "f32") throw new Error(`${name} is ${dtype}, not f32`);
      const bytes = Uint8Array.from(Buffer.from(data, "base64"));
      return [name, { shape, values: new Float32Array(bytes.buffer) }];
    }),
  );
}
