import type { GraphBuilder } from "../../graph/builder.js";
import type { Initializer, Value } from "../../graph/types.js";
import { batchNormLayer } from "../blocks/batch_norm.js";
import { channelsOf } from "../blocks/channels.js";
import { convolutionLayer } from "../blocks/convolution.js";
import { denseLayer } from "../blocks/dense.js";
import { depthwiseLayer } from "../blocks/depthwise.js";

/** How a convolution of torchvision stands in a network. */
export interface TorchConvolution {
  readonly kernel: 1 | 3 | 7;
  readonly stride?: 1 | 2;
  readonly relu?: boolean;
  /** First values: PyTorch's own (default), or He's as torchvision gives them to ResNet and MobileNet. */
  readonly start?: Start;
}

type Start = "uniform" | "he";

/** First values in PyTorch: uniform in +-1 / sqrt(numbers that are added), which is Glorot's for fans of 6 times these together. */
export function uniformStart(fanIn: number): Initializer {
  return { kind: "glorot_uniform", fanIn: 3 * fanIn, fanOut: 3 * fanIn };
}

/** He et al. 2015 (arXiv 1502.01852) by the numbers that one goes into; of a depthwise kernel PyTorch counts all channels. */
function heStart(fanOut: number): Initializer {
  return { kind: "normal", deviation: Math.sqrt(2 / fanOut) };
}

/** Linear layer that gives the logits, with PyTorch's first values. */
export function classifier(builder: GraphBuilder, x: Value, labels: number): Value {
  const start = uniformStart(channelsOf(x));
  return denseLayer(builder, "classifier", x, labels, true, { kernel: start, bias: start });
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
  const { kernel, stride = 1, relu = true, start = "uniform" } = layer;
  const area = kernel * kernel;
  const first = start === "he" ? heStart(area * filters) : uniformStart(area * channelsOf(x));
  const window = { kernel: [kernel, kernel], strides: [stride, stride], padding: "valid" } as const;
  const y = norm(builder, path, convolutionLayer(builder, path, padded(builder, x, kernel), filters, window, false, first));
  return relu ? builder.op("relu", [y]) : y;
}

/** The same of every channel by itself, 3 x 3. */
export function depthwise(
  builder: GraphBuilder,
  path: string,
  x: Value,
  stride: 1 | 2,
  relu: boolean,
  start: Start = "uniform",
): Value {
  const first = start === "he" ? heStart(9 * channelsOf(x)) : uniformStart(9);
  const window = { kernel: [3, 3], strides: [stride, stride], padding: "valid" } as const;
  const y = norm(builder, path, depthwiseLayer(builder, path, padded(builder, x, 3), window, false, first));
  return relu ? builder.op("relu", [y]) : y;
}

/** Largest of 3 x 3 at every second place. What it is given is not negative, so that zeros around it change nothing. */
export function maxPool(builder: GraphBuilder, x: Value): Value {
  return builder.op("max_pool", [padded(builder, x, 3)], { window: [3, 3], strides: [2, 2], padding: "valid" });
}
