import type { GraphBuilder } from "../../graph/builder.js";
import type { Value } from "../../graph/types.js";
import { type ActivationName, activation } from "./activation.js";
import { denseLayer } from "./dense.js";
import { depthwiseLayer } from "./depthwise.js";
import { dropout } from "./dropout.js";
import { kerasNorm } from "./keras_norm.js";

/** One layer of a single value decomposition filter network. */
export interface SvdfOptions {
  /** Filters over the features of a frame. */
  readonly units: number;
  /** Frames that each filter remembers. */
  readonly memory: number;
  readonly activation: ActivationName;
  /** Width of the linear projection behind; 0: none. */
  readonly projection: number;
  /** Zeros before the clip instead of a shorter output. */
  readonly pad: boolean;
  /** Rate of the dropout of the input, which does not rescale. */
  readonly dropout: number;
  /** Whether the filters over time have a bias; true where missing. */
  readonly bias?: boolean;
  /** Batch norm behind the filters over time, with a factor or without; none where missing. */
  readonly norm?: { readonly scale: boolean } | undefined;
}

/**
 * SVDF layer (Nakkiran et al. 2015; kws_streaming's form): a filter over the features of each frame, then over the time of each filter.
 * [B, T, 1, C] to [B, T', 1, units or projection], T' = T where padded, T - memory + 1 otherwise. Parameters under `path.feature`,
 * `path.time`, `path.norm`, `path.projection`.
 */
export function svdfLayer(builder: GraphBuilder, path: string, x: Value, options: SvdfOptions): Value {
  const input = dropout(builder, x, options.dropout, false);
  const filtered = denseLayer(builder, `${path}.feature`, input, options.units, false);
  const window = { kernel: [options.memory, 1], padding: options.pad ? "causal" : "valid" } as const;
  const remembered = depthwiseLayer(builder, `${path}.time`, filtered, window, options.bias ?? true);
  const normalised = options.norm ? kerasNorm(builder, `${path}.norm`, remembered, options.norm.scale) : remembered;
  const y = activation(builder, normalised, options.activation);
  return options.projection > 0 ? denseLayer(builder, `${path}.projection`, y, options.projection) : y;
}
