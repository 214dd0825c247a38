import type { GraphBuilder } from "../../graph/builder.js";
import type { Value } from "../../graph/types.js";
import { batchNormLayer } from "./batch_norm.js";

/** Batch norm with Keras's defaults: epsilon 0.001, momentum 0.99, an offset and, with `scale`, a factor. */
export function kerasNorm(builder: GraphBuilder, path: string, x: Value, scale = true): Value {
  return batchNormLayer(builder, path, x, { epsilon: 0.001, momentum: 0.99, center: true, scale });
}
