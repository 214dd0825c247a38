import { GraphBuilder } from "../../graph/builder.js";
import { type Graph, tensor, type Value } from "../../graph/types.js";

/** "To the end" of an axis, for slice. */
const toEnd = 2 ** 31 - 1;

/**
 * Cell of a gated recurrent unit, reset after the product (Keras `reset_after`, cuDNN): one step of
 *
 *     z, r, g = W x + b          (given as `projected`, in this order)
 *     z', r', g' = U h + c
 *     z = sigmoid(z + z'), r = sigmoid(r + r'), n = tanh(g + r * g')
 *     h = z * h + (1 - z) * n
 *
 * The product W x + b does not depend on the state, so it stands outside, as one product over all frames.
 * Inputs: h [B, units], projected [B, 3 units], U [units, 3 units], c [3 units]. Outputs: new h, and again as step output where `sequence`.
 */
export function gruCell(batch: number, units: number, sequence: boolean): Graph {
  const cell = new GraphBuilder("gru");
  const state = cell.input("state", tensor("f32", [batch, units]));
  const projected = cell.input("projected", tensor("f32", [batch, 3 * units]));
  const kernel = cell.input("recurrent_kernel", tensor("f32", [units, 3 * units]));
  const bias = cell.input("recurrent_bias", tensor("f32", [3 * units]));
  const columns = (x: Value, from: number, to: number): Value =>
    cell.op("slice", [x], { begin: [0, from], end: [toEnd, to], strides: [1, 1] });

  const recurrent = cell.op("add", [cell.op("dense", [state, kernel]), bias]);
  const gates = cell.op("sigmoid", [cell.op("add", [columns(projected, 0, 2 * units), columns(recurrent, 0, 2 * units)])]);
  const update = columns(gates, 0, units);
  const reset = columns(gates, units, 2 * units);
  const candidate = cell.op("tanh", [
    cell.op("add", [columns(projected, 2 * units, 3 * units), cell.op("mul", [reset, columns(recurrent, 2 * units, 3 * units)])]),
  ]);
  // z * h + (1 - z) * n, with one product less
  const next = cell.op("add", [candidate, cell.op("mul", [update, cell.op("sub", [state, candidate])])]);
  cell.output("state", next);
  if (sequence) cell.output("output", next);
  return cell.finish();
}
