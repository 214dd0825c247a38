import { numberOf } from "../../graph/attributes.js";
import { tableValues } from "../../graph/ops/table.js";
import { sizeOf, type Value } from "../../graph/types.js";
import type { TfliteLowering, TfliteRule } from "./lowering.js";

/** Frames are put together from so many strided pieces at most; beyond, they are gathered by index. */
const mostPieces = 16;

const table: TfliteRule = (node, lowering) => {
  // Rounded to f32 as the table op itself does.
  lowering.setConstant(node.outputs[0], Float32Array.from(tableValues(node.attributes)));
};

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** x[B, N] -> [B, T, length]. */
const frame: TfliteRule = (node, lowering) => {
  const [result] = node.outputs;
  const length = numberOf(node.attributes, "length");
  const hop = numberOf(node.attributes, "hop");
  const block = greatestCommonDivisor(length, hop);
  const [batch, samples] = node.inputs[0].type.shape;
  const name = lowering.name(result);
  if (batch === 1 && length / block <= mostPieces)
    return lowering.set(result, framePieces(node.inputs[0], result, length, hop, lowering));
  const [, frames] = result.type.shape;
  const indices = Array.from({ length: frames * length }, (_, i) => Math.floor(i / length) * hop + (i % length));
  const positions = lowering.emitter.integers(`${name}/positions`, [frames, length], indices);
  const x = lowering.emitter.reshape(lowering.tensor(node.inputs[0]), [batch, samples], name);
  lowering.set(
    result,
    lowering.emitter.apply("GATHER", [x, positions], { name, shape: result.type.shape }, [
      "Gather",
      { axis: 1, batchDimensions: 0 },
    ]),
  );
};

/**
 * Frames whose length and hop are multiples of a block: the samples as blocks, and piece j of all frames is every
 * (hop / block)-th block from block j on.
 */
function framePieces(x: Value, result: Value, length: number, hop: number, lowering: TfliteLowering): number {
  const { emitter } = lowering;
  const name = lowering.name(result);
  const block = greatestCommonDivisor(length, hop);
  const [, frames] = result.type.shape;
  const samples = x.type.shape[1];
  const used = samples - (samples % block);
  const whole =
    used === samples
      ? lowering.tensor(x)
      : stridedSlice(lowering.tensor(x), [0, 0], [1, used], [1, 1], [1, used], `${name}/used`, lowering);
  const blocks = emitter.reshape(whole, [used / block, block], `${name}/blocks`);
  const pieces = Array.from({ length: length / block }, (_, j) => {
    const last = j + ((frames - 1) * hop) / block + 1;
    return stridedSlice(blocks, [j, 0], [last, block], [hop / block, 1], [frames, block], `${name}/piece`, lowering);
  });
  const shape = [frames, length];
  const joined =
    pieces.length === 1 ? pieces[0] : emitter.apply("CONCATENATION", pieces, { name, shape }, ["Concatenation", { axis: 1 }]);
  return emitter.reshape(joined, result.type.shape, name);
}

function stridedSlice(
  x: number,
  begin: number[],
  end: number[],
  strides: number[],
  shape: readonly number[],
  name: string,
  { emitter }: TfliteLowering,
): number {
  const rank = [begin.length];
  const inputs = [
    x,
    emitter.integers("begin", rank, begin),
    emitter.integers("end", rank, end),
    emitter.integers("strides", rank, strides),
  ];
  return emitter.apply("STRIDED_SLICE", inputs, { name, shape }, ["StridedSlice", {}]);
}

/**
 * Rows [..., n] -> [..., 2, M/2 + 1]. RFFT2D transforms the two last axes, so that each row becomes a matrix of one
 * row; its complex result is taken apart and put one part behind the other.
 */
const rfft: TfliteRule = (node, lowering) => {
  const { emitter } = lowering;
  const [result] = node.outputs;
  const name = lowering.name(result);
  const points = numberOf(node.attributes, "length");
  const x = node.inputs[0];
  const samples = x.type.shape.at(-1) as number;
  const rows = sizeOf(x.type.shape) / samples;
  const matrix = emitter.reshape(lowering.tensor(x), [rows, 1, samples], `${name}/rows`);
  const padding = emitter.integers("padding", [3, 2], [0, 0, 0, 0, 0, points - samples]);
  const padded =
    samples === points
      ? matrix
      : emitter.apply("PAD", [matrix, padding], { name: `${name}/padded`, shape: [rows, 1, points] }, ["Pad", {}]);
  const bins = points / 2 + 1;
  const shape = [rows, 1, bins];
  const lengths = emitter.integers("fft_length", [2], [1, points]);
  const spectrum = emitter.apply("RFFT2D", [padded, lengths], { name: `${name}/complex`, shape, type: "complex64" }, [
    "Rfft2d",
    {},
  ]);
  const real = emitter.apply("REAL", [spectrum], { name: `${name}/real`, shape });
  const imaginary = emitter.apply("IMAG", [spectrum], { name: `${name}/imaginary`, shape });
  const both = emitter.apply("CONCATENATION", [real, imaginary], { name, shape: [rows, 2, bins] }, [
    "Concatenation",
    { axis: 1 },
  ]);
  lowering.set(result, emitter.reshape(both, result.type.shape, name));
};

/** Ops of front ends. */
export const audioRules: Readonly<Record<string, TfliteRule>> = { table, frame, rfft };
