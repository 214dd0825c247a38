import type { FloatKind } from "../float_bytes.js";
import type { Hdf5Bytes } from "./cursor.js";

/** Type of the elements of a dataset or attribute. */
export type Datatype =
  | { readonly kind: "float"; readonly format: FloatKind; readonly size: number; readonly littleEndian: boolean }
  | { readonly kind: "integer"; readonly size: number; readonly littleEndian: boolean; readonly signed: boolean }
  /** A text of exactly so many bytes. */
  | { readonly kind: "text"; readonly size: number }
  /** A text of any length, in the global heap. */
  | { readonly kind: "long_text"; readonly size: number }
  | { readonly kind: "other"; readonly size: number; readonly name: string };

const classNames = [
  "integer",
  "float",
  "time",
  "text",
  "bits",
  "opaque",
  "compound",
  "reference",
  "enumeration",
  "sequence",
  "array",
];

/** Reads a datatype message. */
export function readDatatype(file: Hdf5Bytes, at: number): Datatype {
  const kind = file.u8(at) & 15;
  const bits = file.u8(at + 1);
  const size = file.u32(at + 4);
  const littleEndian = (bits & 1) === 0;
  if (kind === 0) return { kind: "integer", size, littleEndian, signed: (bits & 8) !== 0 };
  if (kind === 1) {
    const exponentBits = file.u8(at + 8 + 5);
    const format = size === 8 ? "f64" : size === 4 ? "f32" : exponentBits === 8 ? "bf16" : "f16";
    return size === 2 || size === 4 || size === 8
      ? { kind: "float", format, size, littleEndian }
      : { kind: "other", size, name: `float of ${size} bytes` };
  }
  if (kind === 3) return { kind: "text", size };
  if (kind === 9 && (bits & 15) === 1) return { kind: "long_text", size };
  return { kind: "other", size, name: classNames[kind] ?? `class ${kind}` };
}

const mostAxes = 32;

/** Reads a dataspace message: sizes of the axes; none for a single element, undefined where there is no element. */
export function readDataspace(file: Hdf5Bytes, at: number): number[] | undefined {
  const version = file.u8(at);
  const rank = file.u8(at + 1);
  if ((version !== 1 && version !== 2) || rank > mostAxes) file.refuse(at, `a shape of version ${version} with ${rank} axes`);
  if (version === 2 && file.u8(at + 3) === 2) return undefined;
  const start = at + (version === 1 ? 8 : 4);
  return Array.from({ length: rank }, (_, i) => file.length(start + 8 * i));
}
