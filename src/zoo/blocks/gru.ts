import type { GraphBuilder } from "../../graph/builder.js";
import type { Value } from "../../graph/types.js";
import { gruCell } from "../cells/gru.js";
import { channelsOf } from "./channels.js";
import { type RecurrentOptions, recurrentLayer } from "./recurrent.js";

/** How a GRU layer is set up. */
export interface GruOptions extends RecurrentOptions {
  /** The reset gate multiplies the product (the default) or the state: see `gruCell`. */
  readonly resetAfter?: boolean;
  /** What the biases of update and reset gate start at: 0 in Keras, the default; 1 in TensorFlow 1. */
  readonly gateBias?: number;
}

/**
 * GRU over time: [B, T, F] to [B, T, units] or [B, units]; parameters `path.kernel` [F, 3 units], `path.bias`, gates in the order z, r, h;
 * with the reset after the product `path.recurrent_kernel` [units, 3 units] and `path.recurrent_bias`, else `path.recurrent_kernel`
 * [units, 2 units] of the gates and `path.recurrent_candidate` [units, units]. Kernel Glorot uniform, recurrent kernels orthogonal, biases
 * zeros (Keras), but for those of the gates, which start at `gateBias`.
 */
export function gruLayer(builder: GraphBuilder, path: string, x: Value, options: GruOptions): Value {
  const { units, sequence, resetAfter = true, gateBias = 0 } = options;
  const batch = x.type.shape[0] as number;
  const inputs = channelsOf(x);
  const width = 3 * units;
  const kernel = builder.parameter(`${path}.kernel`, [inputs, width], { kind: "glorot_uniform", fanIn: inputs, fanOut: width });
  const bias = builder.parameter(`${path}.bias`, [width], { kind: "parts", values: [gateBias, gateBias, 0] });
  const recurrent = (name: string, columns: number): Value =>
    builder.parameter(`${path}.${name}`, [units, columns], { kind: "orthogonal" });
  const captured = resetAfter
    ? [recurrent("recurrent_kernel", width), builder.parameter(`${path}.recurrent_bias`, [width], { kind: "zeros" })]
    : [recurrent("recurrent_kernel", 2 * units), recurrent("recurrent_candidate", units)];
  const project = (timeMajor: Value): Value => builder.op("add", [builder.op("dense", [timeMajor, kernel]), bias]);
  const cell = gruCell({ batch, units, sequence, resetAfter });
  return recurrentLayer(builder, path, x, options, project, { cell, states: [{ name: "state", width: units }], captured });
}
