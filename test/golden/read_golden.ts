import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A tensor of a golden file (tools/golden/README.md), its values as doubles. */
export interface GoldenTensor {
  readonly shape: readonly number[];
  readonly dtype: "f32" | "f64" | "i32" | "i16" | "i8" | "u8";
  readonly values: Float64Array;
}

type Tensors = ReadonlyMap<string, GoldenTensor>;

/** A case of a golden file. Where the original was also run in float64, outputs and gradients are those. */
export interface GoldenCase {
  readonly name: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly inputs: Tensors;
  readonly outputs: Tensors;
  /** Gradient that flows into each output. */
  readonly upstream: Tensors;
  /** Gradients of sum(output * upstream), by input. */
  readonly gradients: Tensors;
}

/** A golden file: which program made it, and its cases by name. */
export interface GoldenFile {
  readonly source: string;
  readonly cases: ReadonlyMap<string, GoldenCase>;
}

type Stored = Record<string, { shape: number[]; dtype: GoldenTensor["dtype"]; data: string }>;

function decode(tensors: Stored | undefined): Tensors {
  const arrays = { f32: Float32Array, f64: Float64Array, i32: Int32Array, i16: Int16Array, i8: Int8Array, u8: Uint8Array };
  const entries = Object.entries(tensors ?? {}).map(([name, { shape, dtype, data }]) => {
    const bytes = new Uint8Array(Buffer.from(data, "base64")).buffer;
    return [name, { shape, dtype, values: Float64Array.from(new arrays[dtype](bytes)) }] as const;
  });
  return new Map(entries);
}

/** Reads test/golden/<name>.json. */
export function readGolden(name: string): GoldenFile {
  const file = JSON.parse(readFileSync(new URL(`${name}.json`, import.meta.url), "utf8"));
  const cases = file.cases.map((c: Record<string, unknown> & { name: string; attributes: Record<string, unknown> }) => {
    const { outputs, gradients } = (c["reference"] ?? c) as { outputs: Stored; gradients?: Stored };
    const golden: GoldenCase = {
      name: c.name,
      attributes: c.attributes,
      inputs: decode(c["inputs"] as Stored),
      outputs: decode(outputs),
      upstream: decode(c["upstream"] as Stored | undefined),
      gradients: decode(gradients),
    };
    return [c.name, golden];
  });
  return { source: file.source, cases: new Map(cases) };
}

/** A tensor that must be there. */
export function tensorOf(tensors: Tensors, name: string): GoldenTensor {
  const found = tensors.get(name);
  if (!found) throw new Error(`there is no tensor ${name}; there are ${[...tensors.keys()].join(", ")}`);
  return found;
}

/** Largest difference as a part of the largest value wanted; infinite where a value is no number or lengths differ. */
export function relativeDifference(found: ArrayLike<number>, wanted: ArrayLike<number>): number {
  if (found.length !== wanted.length || wanted.length === 0) return Number.POSITIVE_INFINITY;
  let largest = 0;
  let difference = 0;
  for (let i = 0; i < wanted.length; i++) {
    const here = Math.abs((found[i] as number) - (wanted[i] as number));
    largest = Math.max(largest, Math.abs(wanted[i] as number));
    if (!(here <= difference)) difference = Number.isNaN(here) ? Number.POSITIVE_INFINITY : here;
  }
  // Where all is 0 wanted, the difference itself counts.
  return largest === 0 ? difference : difference / largest;
}

/** A line of results/golden.txt. */
export interface GoldenLine {
  readonly name: string;
  readonly target: string;
  /** Largest relative difference of the outputs and of the gradients. */
  readonly outputs: number;
  readonly gradients?: number;
}

/** Lines of one test file; written as JSON into the folder EARSHOT_GOLDEN_TABLE, where it is set, for tools/golden-table.mjs. */
export class GoldenTable {
  readonly #name: string;
  readonly #source: string;
  readonly #lines: GoldenLine[] = [];

  constructor(name: string, source: string) {
    this.#name = name;
    this.#source = source;
  }

  add(line: GoldenLine): void {
    this.#lines.push(line);
  }

  /** @param left cases that are not compared, with the reason */
  write(left: ReadonlyMap<string, string>): void {
    const folder = process.env["EARSHOT_GOLDEN_TABLE"];
    if (!folder) return;
    const content = { name: this.#name, source: this.#source, lines: this.#lines, left: Object.fromEntries(left) };
    writeFileSync(join(folder, `${this.#name}.json`), JSON.stringify(content));
  }
}
