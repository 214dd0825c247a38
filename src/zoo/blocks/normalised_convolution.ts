import type { GraphBuilder } from "../../graph/builder.js";
import type { Value } from "../../graph/types.js";
import { type ActivationName, activation } from "./activation.js";
import { convolutionLayer } from "./convolution.js";
import { depthwiseLayer } from "./depthwise.js";
import { kerasNorm } from "./keras_norm.js";
import type { Window } from "./window.js";

/** What stands behind a convolution. */
export interface NormalisedOptions {
  /** Whether the batch norm has a factor. */
  readonly scale: boolean;
  readonly activation: ActivationName;
}

const onePlace: Window = { kernel: [1, 1], padding: "same" };

/** Convolution without bias, batch norm, activation; parameters `path.kernel` and under `path.norm`. */
export function normalisedConvolution(
  builder: GraphBuilder,
  path: string,
  x: Value,
  filters: number,
  window: Window,
  { scale, activation: name }: NormalisedOptions,
): Value {
  const y = convolutionLayer(builder, path, x, filters, window, false);
  return activation(builder, kerasNorm(builder, `${path}.norm`, y, scale), name);
}

/** A convolution over the channels of one place, as `normalisedConvolution`. */
export function normalisedPointwise(
  builder: GraphBuilder,
  path: string,
  x: Value,
  filters: number,
  options: NormalisedOptions,
): Value {
  return normalisedConvolution(builder, path, x, filters, onePlace, options);
}

/** Convolution of every channel by itself without bias, batch norm, activation; parameters as `normalisedConvolution`. */
export function normalisedDepthwise(
  builder: GraphBuilder,
  path: string,
  x: Value,
  window: Window,
  { scale, activation: name }: NormalisedOptions,
): Value {
  const y = depthwiseLayer(builder, path, x, window, false);
  return activation(builder, kerasNorm(builder, `${path}.norm`, y, scale), name);
}
