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

/** Dropout of whole examples of x [B, n] in training: what is added to x then has to do without it. */
export function branchDropout(builder: GraphBuilder, x: Value, rate: number): Value {
  if (rate === 0) return x;
  const width = x.type.shape[1] as number;
  const dropped = builder.op("dropout", [builder.op("reshape", [x], { shape: [0, width, 1] })], {
    rate,
    rescale: true,
    channels: true,
  });
  return builder.op("reshape", [dropped], { shape: [0, width] });
}
