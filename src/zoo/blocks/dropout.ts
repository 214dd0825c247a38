import type { GraphBuilder } from "../../graph/builder.js";
import type { Value } from "../../graph/types.js";

/** Dropout in training (Srivastava et al. 2014); nothing where the rate is 0. `rescale`: survivors are divided by 1 - rate. */
export function dropout(builder: GraphBuilder, x: Value, rate: number, rescale = true): Value {
  return rate === 0 ? x : builder.op("dropout", [x], { rate, rescale });
}

/** Dropout of whole channels of a map [B, T, F, C] in training (Tompson et al. 2015). */
export function channelDropout(builder: GraphBuilder, x: Value, rate: number): Value {
  return rate === 0 ? x : builder.op("dropout", [x], { rate, rescale: true, channels: true });
}
