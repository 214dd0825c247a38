import { FormatError } from "../../base/errors.js";
import { nearest } from "../../base/nearest.js";
import { type Graph, type ParameterData, sizeOf } from "../../graph/types.js";
import { decodeFloats } from "../float_bytes.js";
import type { SafetensorsTensor } from "../safetensors.js";

/** Tensors by the names that another system gave them, row-major. */
export type ForeignTensors = ReadonlyMap<string, SafetensorsTensor>;

/** A tensor of the file that a parameter is made of. */
export interface TensorSource {
  readonly name: string;
  readonly shape: readonly number[];
}

/** How one parameter of a network comes from tensors of a file. */
export interface WeightRow {
  /** Name of the parameter in our graph. */
  readonly parameter: string;
  readonly sources: readonly TensorSource[];
  /** The parameter's values from those of the sources, row-major. */
  readonly convert: (sources: readonly Float32Array[]) => Float32Array;
}

/** Most names that a message lists. */
const mostListed = 5;

/**
 * Makes the parameters of a graph of a file's tensors, all of them and from all of it.
 * @param ignored whether a tensor of the file has no place in a network for use, such as an optimizer's
 * @throws FormatError naming the tensors that are missing, of another shape, or left over
 */
export function assignWeights(
  graph: Graph,
  rows: readonly WeightRow[],
  tensors: ForeignTensors,
  file: string,
  ignored: (name: string) => boolean = () => false,
): Map<string, ParameterData> {
  const wanted = rows.flatMap((row) => row.sources);
  checkMissing(wanted, tensors, file);
  for (const { name, shape } of wanted) checkShape(name, shape, tensors, file);
  const names = new Set(wanted.map(({ name }) => name));
  const extra = [...tensors.keys()].filter((name) => !names.has(name) && !ignored(name));
  if (extra.length > 0)
    throw new FormatError(
      file,
      "its tensors",
      `the network has no place for ${listed(extra)}`,
      "name the network that was trained",
    );
  const byParameter = new Map(rows.map((row) => [row.parameter, row]));
  return new Map(
    graph.parameters.map(({ name, value }) => {
      const row = byParameter.get(name);
      const values = row?.convert(row.sources.map((source) => realValues(tensors.get(source.name) as SafetensorsTensor)));
      if (values?.length !== sizeOf(value.type.shape))
        throw new FormatError(
          file,
          `parameter ${name}`,
          "nothing in the file stands for it",
          "name the network that was trained",
        );
      return [name, values];
    }),
  );
}

function checkMissing(wanted: readonly TensorSource[], tensors: ForeignTensors, file: string): void {
  const missing = wanted.map(({ name }) => name).filter((name) => !tensors.has(name));
  if (missing.length === 0) return;
  const close = nearest(missing[0] as string, [...tensors.keys()].slice(0, 2000));
  const has = close === undefined ? `has ${listed([...tensors.keys()])}` : `has ${close}, which is nearest`;
  const found = `${listed(missing)} ${missing.length === 1 ? "is" : "are"} missing; the file ${has}`;
  throw new FormatError(
    file,
    "its tensors",
    found,
    "name the network that was trained with --network and its sizes with --option",
  );
}

function checkShape(name: string, shape: readonly number[], tensors: ForeignTensors, file: string): void {
  const found = (tensors.get(name) as SafetensorsTensor).shape;
  if (found.length === shape.length && found.every((n, axis) => n === shape[axis])) return;
  const remedy = "give the sizes that were trained with --option, --frontend and --labels";
  throw new FormatError(file, `tensor ${name}`, `is [${found.join(", ")}] and must be [${shape.join(", ")}]`, remedy);
}

function listed(names: readonly string[]): string {
  const some = names.slice(0, mostListed).map((name) => name.slice(0, 80));
  return names.length > mostListed ? `${some.join(", ")} and ${names.length - mostListed} more` : some.join(", ");
}

/** The elements as 32-bit floats; halves of either kind are unpacked. */
export function realValues({ type, data }: SafetensorsTensor): Float32Array {
  if (data instanceof Float32Array) return data;
  const half = type === "BF16" ? "bf16" : type === "F16" ? "f16" : undefined;
  if (half !== undefined) return decodeFloats(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), half);
  return Float32Array.from(data as ArrayLike<number | bigint>, Number);
}
