import type { GraphBuilder } from "../../graph/builder.js";
import type { Value } from "../../graph/types.js";
import { channelsOf } from "./channels.js";

/** Channels of a map [B, T, F, C] in turn from each of `groups` equal parts (Zhang et al. 2017, arXiv 1707.01083). */
export function channelShuffle(builder: GraphBuilder, x: Value, groups: number): Value {
  const channels = channelsOf(x);
  const parts = builder.op("reshape", [x], { shape: [0, 0, 0, groups, channels / groups] });
  const mixed = builder.op("transpose", [parts], { permutation: [0, 1, 2, 4, 3] });
  return builder.op("reshape", [mixed], { shape: [0, 0, 0, channels] });
}
