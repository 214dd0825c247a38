import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeNpy } from "../../src/formats/npy.js";
import { decodeSound } from "../../src/signal/decode.js";

/** Published models with the outputs of TensorFlow Lite's reference kernels. */
export const foreignModels = join(import.meta.dirname, "../../../shared/models");

/** A line of a table of recorded outputs, by the names of its columns. */
export type Row = Readonly<Record<string, string>>;

/** expected/NAME.csv, one row a clip. */
export function recordedRows(name: string): Row[] {
  const [head, ...lines] = readFileSync(join(foreignModels, "expected", `${name}.csv`), "utf8")
    .trim()
    .split("\n");
  const columns = (head as string).trim().split(",");
  return lines.map((line) => {
    const cells = line
      .trim()
      .replace(/"[^"]*"/, (quoted) => quoted.replaceAll(/[",]/g, ""))
      .split(",");
    return Object.fromEntries(columns.map((column, i) => [column, cells[i] ?? ""]));
  });
}

/** The columns PREFIX0, PREFIX1, ... of a row. */
export function numbersOf(row: Row, prefix: string): number[] {
  const numbers: number[] = [];
  for (let i = 0; row[`${prefix}${i}`] !== undefined; i++) numbers.push(Number(row[`${prefix}${i}`]));
  return numbers;
}

/** The first second of a recorded clip; "(all zeros)" and the like, which are no files, are silence. */
export async function secondOf(clip: string): Promise<Float32Array> {
  const out = new Float32Array(16000);
  if (!clip.endsWith(".flac")) return out;
  const { samples } = await decodeSound(readFileSync(join(foreignModels, "clips", clip)), clip);
  out.set(samples.subarray(0, 16000));
  return out;
}

export function recordedArray(path: string): { shape: number[]; data: ArrayLike<number> } {
  const file = join(foreignModels, "expected", path);
  const { shape, data } = decodeNpy(readFileSync(file), file);
  return { shape, data: data as ArrayLike<number> };
}

/** Real numbers as MLPerf Tiny makes integers of them: cut, not rounded. */
export function truncated(x: ArrayLike<number>, scale: number, zeroPoint: number): Int8Array {
  return Int8Array.from({ length: x.length }, (_, i) => {
    const stored = Math.fround(Math.fround(Math.fround(x[i] as number) / Math.fround(scale)) + zeroPoint);
    return Math.max(-128, Math.min(127, Math.trunc(stored)));
  });
}

/** Values of the micro frontend as its int8 models take them. */
export function microInput(values: ArrayLike<number>): Int8Array {
  return Int8Array.from({ length: values.length }, (_, i) =>
    Math.max(-128, Math.min(127, Math.floor((256 * (values[i] as number) + 333) / 666) - 128)),
  );
}

/** Clips whose features were recorded: folder of expected/features and name of the clip. */
export const featureClips = readFeatureClips();

function readFeatureClips(): [folder: string, clip: string][] {
  try {
    return readdirSync(join(foreignModels, "expected/features"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => {
        const [, label, rest] = /^(_?[a-z]+?_?)__(.*)$/.exec(name) as unknown as [string, string, string];
        return [name, `${label}/${rest}.flac`];
      });
  } catch {
    return [];
  }
}
