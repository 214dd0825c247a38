import type { GraphBuilder } from "../../graph/builder.js";
import type { Value } from "../../graph/types.js";

/** [B, T, ...] to [B, everything]: time first, then frequency, then channel. */
export function flatten(builder: GraphBuilder, x: Value): Value {
  return x.type.shape.length === 2 ? x : builder.op("reshape", [x], { shape: [0, -1] });
}

/** Features [B, T, F] as a map of one channel [B, T, F, 1]. */
export function asMap(builder: GraphBuilder, x: Value): Value {
  return builder.op("reshape", [x], { shape: [0, 0, 0, 1] });
}

/** Features [B, T, F] as channels of a map without frequency [B, T, 1, F]. */
export function asChannels(builder: GraphBuilder, x: Value): Value {
  return builder.op("reshape", [x], { shape: [0, 0, 1, -1] });
}

/** [B, T, F, C] to [B, T, F * C]. */
export function mergeFrequency(builder: GraphBuilder, x: Value): Value {
  return builder.op("reshape", [x], { shape: [0, 0, -1] });
}
