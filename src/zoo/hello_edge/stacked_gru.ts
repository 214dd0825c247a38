import type { GraphBuilder } from "../../graph/builder.js";
import type { Value } from "../../graph/types.js";
import { gruLayer } from "../blocks/gru.js";

/**
 * GRU layers one on the other, as TensorFlow 1 has them: the reset gate multiplies the state; its first values.
 * @param x [B, T, F]
 * @returns the last state of the last layer [B, cells]
 */
export function stackedGru(builder: GraphBuilder, x: Value, layers: number, cells: number): Value {
  let y = x;
  for (let i = 0; i < layers; i++) {
    const options = { units: cells, sequence: i < layers - 1, stateful: false, resetAfter: false, tensorFlow1: true };
    y = gruLayer(builder, `recurrent.${i}`, y, options);
  }
  return y;
}
