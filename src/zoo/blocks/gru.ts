import type { GraphBuilder } from "../../graph/builder.js";
import type { Initializer, Value } from "../../graph/types.js";
import { gruCell } from "../cells/gru.js";
import { channelsOf } from "./channels.js";
import { type RecurrentOptions, recurrentLayer } from "./recurrent.js";

/** How a GRU layer is set up. */
export interface GruOptions extends RecurrentOptions {
  /** The reset gate multiplies the product (the default) or the state: see `gruCell`. */
  readonly resetAfter?: boolean;
  /**
   * First values as in TensorFlow 1's cell, not as in Keras: the gates' kernels over input and state are the parts of one Glorot uniform
   * matrix, those of the candidate of another, and the gates' biases start at 1.
   */
  readonly tensorFlow1?: boolean;
}

/**
 * GRU over time: [B, T, F] to [B, T, units] or [B, units]; parameters `path.kernel` [F, 3 units], `path.bias`, gates in the order z, r, h;
 * with the reset after the product `path.recurrent_kernel` [units, 3 units] and `path.recurrent_bias`, else `path.recurrent_kernel`
 * [units, 2 units] of the gates and `path.recurrent_candidate` [units, units]. Kernel Glorot uniform, recurrent kernels orthogonal, biases
 * zeros (Keras), unless `tensorFlow1`.
 */
export function gruLayer(builder: GraphBuilder, path: string, x: Value, options: GruOptions): Value {
  const { units, sequence, resetAfter = true, tensorFlow1 = false } = options;
  const batch = x.type.shape[0] as number;
  const inputs = channelsOf(x);
  const width = 3 * units;
  const limit = (columns: number): number => Math.sqrt(6 / (inputs + units + columns));
  const ofInput: Initializer = tensorFlow1
    ? { kind: "uniform", limits: [limit(2 * units), limit(2 * units), limit(units)] }
    : { kind: "glorot_uniform", fanIn: inputs, fanOut: width };
  const kernel = builder.parameter(`${path}.kernel`, [inputs, width], ofInput);
  const gateBias = tensorFlow1 ? 1 : 0;
  const bias = builder.parameter(`${path}.bias`, [width], { kind: "parts", values: [gateBias, gateBias, 0] });
  const recurrent = (name: string, columns: number): Value => {
    const joint: Initializer = { kind: "glorot_uniform", fanIn: inputs + units, fanOut: columns };
    return builder.parameter(`${path}.${name}`, [units, columns], tensorFlow1 ? joint : { kind: "orthogonal" });
  };
  const captured = resetAfter
    ? [recurrent("recurrent_kernel", width), builder.parameter(`${path}.recurrent_bias`, [width], { kind: "zeros" })]
    : [recurrent("recurrent_kernel", 2 * units), recurrent("recurrent_candidate", units)];
  const project = (timeMajor: Value): Value => builder.op("add", [builder.op("dense", [timeMajor, kernel]), bias]);
  const cell = gruCell({ batch, units, sequence, resetAfter });
  return recurrentLayer(builder, path, x, options, project, { cell, states: [{ name: "state", width: units }], captured });
}
