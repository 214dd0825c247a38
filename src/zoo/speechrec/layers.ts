import type { GraphBuilder } from "../../graph/builder.js";
import type { Value } from "../../graph/types.js";
import { batchNormLayer } from "../blocks/batch_norm.js";
import { convolutionLayer } from "../blocks/convolution.js";
import { depthwiseLayer } from "../blocks/depthwise.js";

/** How a convolution of torchvision stands in a network. */
export interface TorchConvolution {
  readonly kernel: 1 | 3 | 7;
  readonly stride?: 1 | 2;
  readonly relu?: boolean;
}

/** Zeros on all sides of a map, as a convolution of that kernel has in torchvision. */
export function padded(builder: GraphBuilder, x: Value, kernel: number): Value {
  const side = (kernel - 1) / 2;
  if (side === 0) return x;
  return builder.op("pad", [x], { before: [0, side, side, 0], after: [0, side, side, 0] });
}

/** PyTorch's batch norm: epsilon 1e-5, momentum 0.1 of the new. */
function norm(builder: GraphBuilder, path: string, x: Value): Value {
  return batchNormLayer(builder, `${path}.norm`, x, { epsilon: 1e-5, momentum: 0.9, center: true, scale: true });
}

/** Convolution without bias, padded alike on all sides, batch norm and, unless told otherwise, ReLU. */
export function convolution(builder: GraphBuilder, path: string, x: Value, filters: number, layer: TorchConvolution): Value {
  const { kernel, stride = 1, relu = true } = layer;
  const window = { kernel: [kernel, kernel], strides: [stride, stride], padding: "valid" } as const;
  const y = norm(builder, path, convolutionLayer(builder, path, padded(builder, x, kernel), filters, window, false));
  return relu ? builder.op("relu", [y]) : y;
}

/** The same of every channel by itself, 3 x 3. */
export function depthwise(builder: GraphBuilder, path: string, x: Value, stride: 1 | 2, relu: boolean): Value {
  const window = { kernel: [3, 3], strides: [stride, stride], padding: "valid" } as const;
  const y = norm(builder, path, depthwiseLayer(builder, path, padded(builder, x, 3), window, false));
  return relu ? builder.op("relu", [y]) : y;
}

/** Largest of 3 x 3 at every second place. What it is given is not negative, so that zeros around it change nothing. */
export function maxPool(builder: GraphBuilder, x: Value): Value {
  return builder.op("max_pool", [padded(builder, x, 3)], { window: [3, 3], strides: [2, 2], padding: "valid" });
}
