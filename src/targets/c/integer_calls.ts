import { type Geometry, geometryOf } from "../../graph/convolution.js";
import { clampOf, productMultipliers, scaleOf, weightScales } from "../../graph/quantized.js";
import { type Node, sizeOf, type TensorType } from "../../graph/types.js";
import type { ArrayData } from "./arrays.js";
import type { LibraryCall, ValuesOf } from "./library.js";
import {
  clampBytes,
  convolutionInteger,
  denseInteger,
  depthwiseInteger,
  depthwiseTap,
  integerLayer,
  patchOf,
  requantize,
} from "./library_integer.js";
import { convolutionVector, depthwiseVector, requantizeVector } from "./library_vector.js";
import { rowsInteger16 } from "./library_integer16.js";

/** An integer layer as a library call. */
export interface IntegerCall {
  readonly call: LibraryCall;
  /** Words of workspace; 0 where the function takes none. */
  readonly workspace: number;
  /** Whether the result may be written over the input. */
  readonly inPlace: boolean;
}

/** Sums below this can be doubled. */
const mostSum = 2 ** 30;

/** Products of a layer with one place from which on a function of its own is worth its code. */
const leastDense = 8192;

interface Product {
  /** Weights of one output, in the order of a patch. */
  weights(output: number): Int8Array;
  readonly outputs: number;
  readonly x: TensorType;
  readonly y: TensorType;
  readonly low: number;
  readonly high: number;
  /** Bias without the input's zero point, multiplier and shift of each output. */
  readonly scales: Int32Array;
  readonly anyShift: boolean;
}

/**
 * A quantized convolution, depthwise convolution or dense layer; undefined for others, which have kernels of their own.
 * @param vectors whether the core has vectors of 16 bytes
 */
export function integerCall(node: Node, valuesOf: ValuesOf, vectors: boolean): IntegerCall | undefined {
  if (node.op === "quantized_conv2d") return convolution(node, valuesOf, vectors);
  if (node.op === "quantized_depthwise_conv2d") return depthwise(node, valuesOf, vectors);
  if (node.op === "quantized_dense") return dense(node, valuesOf, vectors);
  return undefined;
}

/** What the kinds have in common; undefined where values are not known or do not fit. */
function product(
  node: Node,
  valuesOf: ValuesOf,
  axis: number,
  columns: number,
  at: (weights: Int8Array, output: number) => Int8Array,
  dtype: "i8" | "i16" = "i8",
): Product | undefined {
  const [x, w, bias] = node.inputs;
  const y = node.outputs[0]!.type;
  const weights = valuesOf(w!);
  const biases = bias ? valuesOf(bias) : new Int32Array(columns);
  if (x!.type.dtype !== dtype || y.dtype !== dtype || !(weights instanceof Int8Array) || !(biases instanceof Int32Array))
    return undefined;
  const largest = dtype === "i8" ? 128 : 32768;
  const from = scaleOf(x!.type);
  const isDense = node.op === "quantized_dense";
  const multipliers = productMultipliers(from, weightScales(w!.type, axis, columns), scaleOf(y), isDense);
  const scales = new Int32Array(3 * (columns + (columns % 2)));
  for (let o = 0; o < columns; o++) {
    const row = at(weights, o);
    const sum = row.reduce((s, v) => s + v, 0);
    const magnitude = row.reduce((s, v) => s + Math.abs(v), 0);
    const start = biases[o]! - from.zeroPoint * sum;
    const { multiplier, shift } = multipliers[o]!;
    if (Math.abs(start) + largest * magnitude >= mostSum / 2 ** Math.max(shift, 0)) return undefined;
    scales.set([start, multiplier, -1 - shift], 3 * o);
  }
  const [low, high] = clampOf(node.attributes, dtype);
  const anyShift = multipliers.some((m) => m.shift >= 0);
  return { weights: (o) => at(weights, o), outputs: columns, x: x!.type, y, low, high, scales, anyShift };
}

/** Pairs of outputs side by side, four values of each in turn, in the order of `places`. */
function packPairs(p: Product, depth: number, places: readonly number[] = [0, 1, 2, 3]): Int8Array {
  const groups = Math.ceil(depth / 4);
  const packed = new Int8Array(Math.ceil(p.outputs / 2) * groups * 8);
  for (let o = 0; o < p.outputs; o++) {
    const first = Math.floor(o / 2) * groups * 8 + (o % 2) * 4;
    p.weights(o).forEach((value, k) => {
      packed[first + Math.floor(k / 4) * 8 + places[k % 4]!] = value;
    });
  }
  return packed;
}

function members(
  p: Product,
  sizes: readonly number[],
  data: readonly (ArrayData | 0)[],
  rest: readonly number[],
): LibraryCall["members"] {
  const { zeroPoint } = scaleOf(p.x);
  const [groups, line] = rest as [number, number];
  return [...data, p.scales, ...sizes, zeroPoint, scaleOf(p.y).zeroPoint, p.low, p.high, groups, p.anyShift ? 1 : 0, line];
}

function sizesOf(g: Geometry, channels: number, columns: number): number[] {
  return [...g.input, channels, ...g.output, columns, ...g.kernel, ...g.strides, ...g.dilations, g.before[0], g.before[1]];
}

/** Factors of four channels, as `requantize_vector` reads them, in an order of channels. */
function vectorScales(p: Product, order: readonly number[]): Int32Array {
  const packed = new Int32Array(3 * order.length);
  order.forEach((o, i) => {
    const [start = 0, multiplier = 0, shift = 0] = p.scales.subarray(3 * o, 3 * o + 3);
    [start, multiplier, -shift].forEach((value, j) => (packed[Math.floor(i / 4) * 12 + 4 * j + (i % 4)] = value));
  });
  return packed;
}

function vectorProduct(p: Product, depth: number, sizes: readonly number[], inPlace: boolean): IntegerCall {
  const groups = Math.ceil(depth / 16);
  const outputs = 4 * Math.ceil(p.outputs / 4);
  const packed = new Int8Array(2 * Math.ceil(p.outputs / 2) * groups * 16);
  for (let o = 0; o < p.outputs; o++)
    p.weights(o).forEach((value, k) => {
      packed[(Math.floor(o / 2) * groups + Math.floor(k / 16)) * 32 + (o % 2) * 16 + (k % 16)] = value;
    });
  const scales = vectorScales(p, [...Array(outputs).keys()]);
  return {
    call: {
      name: "convolution_vector",
      sources: [integerLayer, requantize, requantizeVector, patchOf, convolutionVector],
      descriptorType: "integer_layer",
      members: members({ ...p, scales }, sizes, [packed, 0], [groups, 0]),
    },
    // Sums and patches of two places.
    workspace: 2 * outputs + 8 * groups,
    inPlace,
  };
}

function productCall(p: Product, depth: number, sizes: readonly number[], inPlace: boolean, vectors: boolean): IntegerCall {
  if (vectors && !p.anyShift) return vectorProduct(p, depth, sizes, inPlace);
  const places = sizes[3]! * sizes[4]!;
  const groups = Math.ceil(depth / 4);
  const isSingle = places === 1 && depth * p.outputs >= leastDense;
  const [name, source] = isSingle ? ["dense_integer", denseInteger] : ["convolution_integer", convolutionInteger];
  return {
    call: {
      name: name!,
      sources: [integerLayer, requantize, clampBytes, patchOf, source!],
      descriptorType: "integer_layer",
      members: members(p, sizes, [packPairs(p, depth), 0], [groups, 0]),
    },
    // One or two widened patches, and one that is not.
    workspace: (isSingle ? 2 : 4) * groups + groups,
    // A single place is read to the end before anything is written only where it is widened.
    inPlace: inPlace && !isSingle,
  };
}

function convolution(node: Node, valuesOf: ValuesOf, vectors: boolean): IntegerCall | undefined {
  const [x, w] = node.inputs;
  const [height, width, channels, columns] = w!.type.shape as [number, number, number, number];
  const g = geometryOf(x!.type, w!.type.shape, node.attributes);
  if (g.batch !== 1) return undefined;
  const depth = height * width * channels;
  const p = product(node, valuesOf, 3, columns, (values, o) =>
    Int8Array.from({ length: depth }, (_, k) => values[k * columns + o]!),
  );
  const isPointwise = height * width === 1 && g.strides[0] * g.strides[1] === 1 && columns <= channels;
  return p && productCall(p, depth, sizesOf(g, channels, columns), isPointwise, vectors);
}

function dense(node: Node, valuesOf: ValuesOf, vectors: boolean): IntegerCall | undefined {
  const [x, w] = node.inputs;
  const [inner, columns] = w!.type.shape as [number, number];
  const rows = sizeOf(x!.type.shape) / inner;
  const dtype = x!.type.dtype === "i16" ? "i16" : "i8";
  const column = (values: Int8Array, o: number): Int8Array =>
    Int8Array.from({ length: inner }, (_, k) => values[k * columns + o]!);
  const p = product(node, valuesOf, 1, columns, column, dtype);
  const sizes = [1, rows, inner, 1, rows, columns, 1, 1, 1, 1, 1, 1, 0, 0];
  if (!p || dtype === "i8") return p && productCall(p, inner, sizes, columns <= inner, vectors);
  if (inner % 4 !== 0) return undefined;
  return {
    call: {
      name: "rows_integer16",
      sources: [integerLayer, requantize, rowsInteger16],
      descriptorType: "integer_layer",
      // Widening a word's even and odd bytes gives neighbours, as x has them.
      members: members(p, sizes, [packPairs(p, inner, [0, 2, 1, 3]), 0], [inner / 4, 0]),
    },
    workspace: 0,
    inPlace: false,
  };
}

function depthwise(node: Node, valuesOf: ValuesOf, vectors: boolean): IntegerCall | undefined {
  const [x, w] = node.inputs;
  const [height, width, channels] = w!.type.shape as [number, number, number];
  const g = geometryOf(x!.type, w!.type.shape, node.attributes);
  if (g.batch !== 1 || channels % 4 !== 0) return undefined;
  const taps = height * width;
  const p = product(node, valuesOf, 2, channels, (values, c) =>
    Int8Array.from({ length: taps }, (_, k) => values[k * channels + c]!),
  );
  if (!p) return undefined;
  const isVector = vectors && !p.anyShift && channels % 8 === 0;
  const packed = new Int16Array(taps * channels);
  for (let c = 0; c < channels; c++)
    p.weights(c).forEach((value, k) => {
      if (isVector) packed[(Math.floor(c / 8) * taps + k) * 8 + (c % 8)] = value;
      else packed[Math.floor(c / 4) * taps * 4 + k * 4 + [0, 2, 1, 3][c % 4]!] = value;
    });
  // Even channels of eight, then odd ones.
  const evenOdd = Array.from({ length: channels }, (_, i) => i - (i % 8) + [0, 2, 4, 6, 1, 3, 5, 7][i % 8]!);
  const scales = isVector ? vectorScales(p, evenOdd) : p.scales;
  const isPadded = [...g.before, ...g.after].some((n) => n > 0);
  const reach = (height - 1) * g.dilations[0] + 1;
  const line = isPadded ? (g.before[1] + g.input[1] + g.after[1]) * channels : 0;
  return {
    call: {
      name: isVector ? "depthwise_vector" : "depthwise_integer",
      sources: [
        integerLayer,
        requantize,
        ...(isVector ? [requantizeVector, depthwiseVector] : [clampBytes, depthwiseTap, depthwiseInteger]),
      ],
      descriptorType: "integer_layer",
      members: members({ ...p, scales }, sizesOf(g, channels, channels), [0, packed], [0, line]),
    },
    workspace: Math.max(1, (reach * line) / 4) + (isVector ? taps : 0),
    // A row of the result covers rows of the input that are in the ring already.
    inPlace: isPadded && g.output[1] <= g.input[1] && g.before[0] < reach,
  };
}
