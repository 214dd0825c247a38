import * as v from "valibot";
import type { GraphBuilder } from "../../graph/builder.js";
import type { Value } from "../../graph/types.js";
import { activation } from "../blocks/activation.js";
import { batchNormLayer } from "../blocks/batch_norm.js";
import { flag } from "../options.js";

/** Options of the batch norm of Hello Edge's convolutional networks. */
export const normalisedEntries = {
  /** Bias of layers before a batch norm: there in the originals, though the batch norm takes it away again. */
  bias: v.optional(flag, true),
  /** Factor of the batch norm: not there in the code of 2017, there in that of 2020 and later and in MLPerf Tiny. */
  gamma: v.optional(flag, true),
  /** Momentum of the moving statistics: 0.96 in 2017, 0.99 later. */
  momentum: v.optional(v.pipe(v.number(), v.minValue(0), v.ltValue(1)), 0.99),
};

/** Options of `normalised`. */
export interface NormalisedOptions {
  readonly gamma: boolean;
  readonly momentum: number;
}

/** Batch norm (epsilon 0.001) and ReLU. */
export function normalised(builder: GraphBuilder, path: string, x: Value, { gamma, momentum }: NormalisedOptions): Value {
  const y = batchNormLayer(builder, path, x, { epsilon: 0.001, momentum, center: true, scale: gamma });
  return activation(builder, y, "relu");
}
