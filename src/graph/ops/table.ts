import { UserError } from "../../base/errors.js";
import { textOf } from "../attributes.js";
import type { OpDefinition } from "../op.js";
import { melHtk, melOp } from "../tables/mel.js";
import { melBins } from "../tables/mel_bins.js";
import { melSlaney } from "../tables/mel_slaney.js";
import { cosineTransform, fourierReal, fourierImaginary, fourierTransposed } from "../tables/transform.js";
import type { Table } from "../tables/table.js";
import { hamming, hann, ones } from "../tables/window.js";
import { type Attributes, sizeOf, tensor } from "../types.js";

const makers: Record<string, (attributes: Attributes) => Table> = {
  hann,
  hamming,
  ones,
  mel_htk: melHtk,
  mel_op: melOp,
  mel_bins: melBins,
  mel_slaney: melSlaney,
  dct2: cosineTransform,
  dft_real: fourierReal,
  dft_imaginary: fourierImaginary,
  dft_transposed: fourierTransposed,
};

/** Largest table: what a file claims must not exhaust the memory. */
const mostElements = 2 ** 26;

function tableOf(attributes: Attributes): Table {
  const kind = textOf(attributes, "kind");
  const make = Object.hasOwn(makers, kind) ? makers[kind] : undefined;
  if (!make)
    throw new UserError(`there is no table of kind ${JSON.stringify(kind)}; kinds are ${Object.keys(makers).join(", ")}`);
  const table = make(attributes);
  if (sizeOf(table.shape) > mostElements) throw new UserError(`a table of ${table.shape.join(" x ")} values is too large`);
  return table;
}

/** The values of a table op in double precision, row by row. */
export function tableValues(attributes: Attributes): Float64Array {
  return tableOf(attributes).values();
}

function dtypeOf(attributes: Attributes): "f32" | "f64" {
  const dtype = attributes.dtype ?? "f32";
  if (dtype !== "f32" && dtype !== "f64") throw new UserError(`a table is of f32 or f64, found ${JSON.stringify(dtype)}`);
  return dtype;
}

/** A constant computed from its attributes. */
export const table: OpDefinition = {
  name: "table",
  documentation:
    "A constant made from its attributes in double precision and rounded once to `dtype` (f32 unless told): hann {length, offset}, hamming {length}, ones {length}, " +
    "mel_htk {bins, points, rate, lower, upper, bands, slope, scale} and mel_op {bins, points, rate, lower, upper, bands} [bins, bands], " +
    "mel_slaney with the same, mel_bins {bins, points, rate, bands, spacing, scale} [bins, bands], " +
    "dct2 {inputs, outputs} [inputs, outputs], dft_real and dft_imaginary {length, samples, bins} [samples, bins], " +
    "dft_transposed {length, samples} [length + 2, samples].",
  infer: (inputs, attributes) => {
    if (inputs.length > 0) throw new UserError(`takes no inputs, found ${inputs.length}`);
    return [tensor(dtypeOf(attributes), tableOf(attributes).shape)];
  },
  gradient: () => [],
  lower: (context) => {
    const y = context.outputs[0]!;
    const values = tableValues(context.attributes);
    context.copy(context.constant(y.type.dtype === "f64" ? values : Float32Array.from(values)), y);
  },
};
