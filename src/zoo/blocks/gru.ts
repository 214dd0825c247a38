import type { GraphBuilder } from "../../graph/builder.js";
import { tensor, type Value } from "../../graph/types.js";
import { gruCell } from "../cells/gru.js";
import { channelsOf } from "./channels.js";

/** How a GRU layer is set up. */
export interface GruOptions {
  readonly units: number;
  /** All outputs [B, T, units] instead of the last [B, units]. */
  readonly sequence: boolean;
  /** The state goes on from one run to the next (graph state `path.state`) instead of starting from zeros. */
  readonly stateful: boolean;
}

/**
 * GRU over time: [B, T, F] to [B, T, units] or [B, units]; parameters `path.kernel` [F, 3 units], `path.bias`, `path.recurrent_kernel`
 * [units, 3 units], `path.recurrent_bias`, gates in the order z, r, h. Kernel Glorot uniform, recurrent kernel orthogonal, biases
 * zeros (Keras).
 */
export function gruLayer(builder: GraphBuilder, path: string, x: Value, options: GruOptions): Value {
  const { units, sequence, stateful } = options;
  const batch = x.type.shape[0] as number;
  const inputs = channelsOf(x);
  const width = 3 * units;
  const kernel = builder.parameter(`${path}.kernel`, [inputs, width], { kind: "glorot_uniform", fanIn: inputs, fanOut: width });
  const bias = builder.parameter(`${path}.bias`, [width], { kind: "zeros" });
  const recurrentKernel = builder.parameter(`${path}.recurrent_kernel`, [units, width], { kind: "orthogonal" });
  const recurrentBias = builder.parameter(`${path}.recurrent_bias`, [width], { kind: "zeros" });

  const initial = stateful
    ? builder.state(`${path}.state`, tensor("f32", [batch, units]))
    : builder.op("zeros", [x], { shape: [0, units] });
  const timeMajor = builder.op("transpose", [x], { permutation: [1, 0, 2] });
  const projected = builder.op("add", [builder.op("dense", [timeMajor, kernel]), bias]);
  const results = builder.apply(
    "scan",
    [initial, projected, recurrentKernel, recurrentBias],
    { states: 1, sequences: 1, reverse: false },
    gruCell(batch, units, sequence),
  );
  const last = results[0] as Value;
  if (stateful) builder.setState(initial, last);
  return sequence ? builder.op("transpose", [results[1] as Value], { permutation: [1, 0, 2] }) : last;
}
