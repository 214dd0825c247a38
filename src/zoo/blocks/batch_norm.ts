import type { GraphBuilder } from "../../graph/builder.js";
import type { Value } from "../../graph/types.js";
import { channelsOf } from "./channels.js";

/** How a batch norm is set up. */
export interface BatchNormOptions {
  readonly epsilon: number;
  /** Share of the old moving statistics that an update keeps. */
  readonly momentum: number;
  /** Whether there is a trainable offset (beta). */
  readonly center: boolean;
  /** Whether there is a trainable factor (gamma). */
  readonly scale: boolean;
}

/**
 * Batch norm of the last axis (Ioffe and Szegedy 2015); buffers `path.mean` and `path.variance`, parameters `path.beta` and `path.gamma`,
 * all [C].
 */
export function batchNormLayer(builder: GraphBuilder, path: string, x: Value, options: BatchNormOptions): Value {
  const shape = [channelsOf(x)];
  const inputs = [
    x,
    builder.parameter(`${path}.mean`, shape, { kind: "zeros" }, "f32", false),
    builder.parameter(`${path}.variance`, shape, { kind: "ones" }, "f32", false),
  ];
  if (options.center) inputs.push(builder.parameter(`${path}.beta`, shape, { kind: "zeros" }));
  if (options.scale) inputs.push(builder.parameter(`${path}.gamma`, shape, { kind: "ones" }));
  const { epsilon, momentum, center, scale } = options;
  return builder.op("batch_norm", inputs, { epsilon, momentum, center, scale });
}
