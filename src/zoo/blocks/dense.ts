import type { GraphBuilder } from "../../graph/builder.js";
import type { Value } from "../../graph/types.js";
import { channelsOf } from "./channels.js";

/**
 * Fully connected layer on the last axis: [..., K] to [..., units]; parameters `path.kernel` [K, units] and `path.bias` [units].
 * Kernel Glorot uniform, bias zeros (Keras).
 */
export function denseLayer(builder: GraphBuilder, path: string, x: Value, units: number, bias = true): Value {
  const inputs = channelsOf(x);
  const kernel = builder.parameter(`${path}.kernel`, [inputs, units], {
    kind: "glorot_uniform",
    fanIn: inputs,
    fanOut: units,
  });
  const product = builder.op("dense", [x, kernel]);
  return bias ? builder.op("add", [product, builder.parameter(`${path}.bias`, [units], { kind: "zeros" })]) : product;
}
