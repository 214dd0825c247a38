import type { GraphBuilder } from "../../graph/builder.js";
import type { Value } from "../../graph/types.js";
import { channelsOf } from "./channels.js";
import { denseLayer } from "./dense.js";

/** "To the end" of an axis, for slice. */
const toEnd = 2 ** 31 - 1;

/**
 * Attention whose queries are projections of the clip's middle frame (de Andrade et al. 2018, arXiv 1808.08929): for each head the mean of
 * all frames, weighted by the softmax over time of their products with the query. [B, T, C] to [B, heads * C]; parameters
 * `path.HEAD.kernel` [C, C] and `path.HEAD.bias`.
 */
export function middleAttention(builder: GraphBuilder, path: string, x: Value, heads: number): Value {
  const frames = x.type.shape[1] as number;
  const middle = Math.floor(frames / 2);
  const bounds = { begin: [0, middle, 0], end: [toEnd, middle + 1, toEnd], strides: [1, 1, 1] };
  const frame = builder.op("reshape", [builder.op("slice", [x], bounds)], { shape: [0, -1] });
  const seen = Array.from({ length: heads }, (_, head) => {
    const query = denseLayer(builder, `${path}.${head}`, frame, channelsOf(x));
    return attend(builder, x, query);
  });
  return seen.length === 1 ? (seen[0] as Value) : builder.op("concat", seen, { axis: -1 });
}

/** Mean over time of x [B, T, C], weighted by the softmax of its products with the query [B, C]. */
function attend(builder: GraphBuilder, x: Value, query: Value): Value {
  const row = builder.op("reshape", [query], { shape: [0, 1, -1] });
  const scores = builder.op("sum", [builder.op("mul", [x, row])], { axes: [2], keep: false });
  const weights = builder.op("reshape", [builder.op("softmax", [scores])], { shape: [0, -1, 1] });
  return builder.op("sum", [builder.op("mul", [x, weights])], { axes: [1], keep: false });
}
