import type { GraphBuilder } from "../../graph/builder.js";
import type { Initializer, Value } from "../../graph/types.js";
import { channelsOf } from "./channels.js";

/**
 * Fully connected layer on the last axis: [..., K] to [..., units]; parameters `path.kernel` [K, units] and `path.bias` [units].
 * Kernel Glorot uniform, bias zeros (Keras),
 * unless told otherwise.
 */
export function denseLayer(
  builder: GraphBuilder,
  path: string,
  x: Value,
  units: number,
  bias = true,
  start: { readonly kernel?: Initializer; readonly bias?: Initializer } = {},
): Value {
  const inputs = channelsOf(x);
  const glorot = { kind: "glorot_uniform", fanIn: inputs, fanOut: units } as const;
  const kernel = builder.parameter(`${path}.kernel`, [inputs, units], start.kernel ?? glorot);
  const product = builder.op("dense", [x, kernel]);
  return bias
    ? builder.op("add", [product, builder.parameter(`${path}.bias`, [units], start.bias ?? { kind: "zeros" })])
    : product;
}
