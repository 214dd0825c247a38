import { numberOf } from "../../graph/attributes.js";
import { type Geometry, geometryOf } from "../../graph/convolution.js";
import { type Node, sizeOf } from "../../graph/types.js";
import type { LibraryCall, ValuesOf } from "./library.js";
import { biasAndActivation, convolutionFloat, denseFloat, depthwiseFloat, floatLayer } from "./library_float.js";

/** What calls are made for. */
export interface FloatTarget {
  readonly valuesOf: ValuesOf;
  /** Whether the core has vectors of four floats. */
  readonly isVector: boolean;
}

/** A float layer as a library call over (x, weights, y, workspace). */
export interface FloatCall {
  readonly call: LibraryCall;
  /** Floats of workspace; 0 where the function takes none. */
  readonly workspace: number;
  /** Whether the result may be written over the input. */
  readonly inPlace: boolean;
}

/** A convolution, depthwise convolution or dense layer of floats on one clip, with what `fuseBias` gave it. */
export function floatCall(node: Node, target: FloatTarget): FloatCall | undefined {
  const isFloat = [...node.inputs, ...node.outputs].every((v) => v.type.dtype === "f32");
  if (!isFloat) return undefined;
  if (node.op === "dense") return dense(node, target);
  if (node.op !== "conv2d" && node.op !== "depthwise_conv2d") return undefined;
  const [x, w] = node.inputs;
  const g = geometryOf(x!.type, w!.type.shape, node.attributes);
  if (g.batch !== 1) return undefined;
  return node.op === "conv2d" ? convolution(node, g, target) : depthwise(node, g, target);
}

function layerCall(
  name: string,
  source: (isVector: boolean) => string,
  node: Node,
  sizes: readonly number[],
  line: number,
  target: FloatTarget,
): LibraryCall {
  const { attributes, inputs } = node;
  const bias = inputs[2] && target.valuesOf(inputs[2]);
  const isLimited = attributes["low"] !== undefined;
  const limits = isLimited ? [numberOf(attributes, "low"), numberOf(attributes, "high")] : [0, 0];
  return {
    name,
    sources: [floatLayer, biasAndActivation(target.isVector), source(target.isVector)],
    descriptorType: "float_layer",
    members: [bias ?? 0, isLimited ? 1 : 0, ...limits.map((float) => ({ float })), ...sizes, line],
  };
}

function dense(node: Node, target: FloatTarget): FloatCall {
  const [inner, columns] = node.inputs[1]!.type.shape as [number, number];
  const rows = sizeOf(node.inputs[0]!.type.shape) / inner;
  const sizes = [1, rows, inner, 1, rows, columns, 1, 1, 1, 1, 1, 1, 0, 0];
  return productCall(node, sizes, inner, rows, rows > 1 && columns <= inner, target);
}

function convolution(node: Node, g: Geometry, target: FloatTarget): FloatCall {
  const [height, width, channels, columns] = node.inputs[1]!.type.shape as [number, number, number, number];
  const sizes = [...g.input, channels, ...g.output, columns, ...g.kernel, ...g.strides, ...g.dilations, ...g.before];
  const isPointwise = height * width === 1 && g.strides[0] * g.strides[1] === 1;
  const places = g.output[0] * g.output[1];
  const rows = isPointwise ? places : Math.max(2, places);
  return productCall(node, sizes, height * width * channels, rows, isPointwise && places > 1 && columns <= channels, target);
}

/** @param rows places; one is a row times a matrix */
function productCall(
  node: Node,
  sizes: readonly number[],
  depth: number,
  rows: number,
  inPlace: boolean,
  target: FloatTarget,
): FloatCall {
  if (rows === 1) return { call: layerCall("dense_float", denseFloat, node, sizes, 0, target), workspace: 0, inPlace: false };
  const call = layerCall("convolution_float", convolutionFloat, node, sizes, 0, target);
  // Two patches: they are gathered, or saved before the result is written over them.
  return { call, workspace: 2 * depth, inPlace };
}

function depthwise(node: Node, g: Geometry, target: FloatTarget): FloatCall {
  const channels = node.inputs[1]!.type.shape[2]!;
  const isPadded = [...g.before, ...g.after].some((n) => n > 0);
  const reach = (g.kernel[0] - 1) * g.dilations[0] + 1;
  const line = isPadded ? (g.before[1] + g.input[1] + g.after[1]) * channels : 0;
  const sizes = [...g.input, channels, ...g.output, channels, ...g.kernel, ...g.strides, ...g.dilations, ...g.before];
  return {
    call: layerCall("depthwise_float", depthwiseFloat, node, sizes, line, target),
    workspace: Math.max(1, reach * line),
    // A row of the result covers rows of the input that are in the ring already.
    inPlace: isPadded && g.output[1] <= g.input[1] && g.before[0] < reach,
  };
}
