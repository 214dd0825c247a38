import type { GraphBuilder } from "../../graph/builder.js";
import type { Value } from "../../graph/types.js";
import { normalisedConvolution } from "../blocks/normalised_convolution.js";
import { pool } from "../blocks/pool.js";

/** Convolutions over time of inception, inception_resnet and xception. */
export interface TimeStem {
  readonly filters: readonly number[];
  readonly kernels: readonly number[];
  /** Whether the batch norms have a factor. */
  readonly scale: boolean;
  /** Stride of a pool behind each convolution; 1: no pool. */
  readonly strides: readonly number[];
}

/** Convolutions without padding, each with batch norm and ReLU, some followed by `thin`; parameters under `stem.0` and so on. */
export function timeStem(builder: GraphBuilder, x: Value, { filters, kernels, scale, strides }: TimeStem): Value {
  let y = x;
  for (const [i, width] of filters.entries()) {
    const window = { kernel: [kernels[i] as number, 1], padding: "valid" } as const;
    y = normalisedConvolution(builder, `stem.${i}`, y, width, window, { scale, activation: "relu" });
    y = thin(builder, `stem.${i}.pool`, y, strides[i] ?? 1);
  }
  return y;
}

/** The largest of every three frames, every `stride` frames; with stride 1 the map as it is. */
export function thin(builder: GraphBuilder, path: string, x: Value, stride: number): Value {
  return stride > 1 ? pool(builder, path, x, "max", [3, 1], [stride, 1]) : x;
}
