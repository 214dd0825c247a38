import type { GraphBuilder } from "../../graph/builder.js";
import type { Initializer, Value } from "../../graph/types.js";
import { lstmCell, lstmWidth } from "../cells/lstm.js";
import { channelsOf } from "./channels.js";
import { type RecurrentOptions, recurrentLayer } from "./recurrent.js";

/** How an LSTM layer is set up; see `LstmCellOptions`. */
export interface LstmOptions extends RecurrentOptions {
  readonly peepholes?: boolean;
  readonly projection?: number;
  readonly cellClip?: number;
  readonly projectionClip?: number;
  /** Kernel and recurrent kernel start as the parts of one: in TensorFlow's cells, which all have that with peepholes or a projection. */
  readonly joint?: boolean;
}

/**
 * LSTM over time: [B, T, F] to [B, T, width] or [B, width], width = projection or units; parameters `path.kernel` [F, 4 units], `path.bias`,
 * `path.recurrent_kernel` [width, 4 units], gates in the order i, f, c, o; `path.peephole_input`, `_forget`, `_output` [units];
 * `path.projection` [units, projection]. The forget gate's bias starts at 1.
 *
 * Without peepholes and projection the initialisers are Keras': kernel Glorot uniform, recurrent kernel orthogonal. With them, or where
 * `joint`, they are those of TensorFlow's LSTMCell: all Glorot uniform, both kernels as the parts of one.
 */
export function lstmLayer(builder: GraphBuilder, path: string, x: Value, options: LstmOptions): Value {
  const { units, sequence, peepholes = false, projection = 0, cellClip = 0, projectionClip = 0 } = options;
  const cellOptions = { batch: x.type.shape[0] as number, units, sequence, peepholes, projection, cellClip, projectionClip };
  const inputs = channelsOf(x);
  const width = lstmWidth(cellOptions);
  const joint = (options.joint ?? false) || peepholes || projection > 0;
  const glorot = (fanIn: number, fanOut: number): Initializer => ({ kind: "glorot_uniform", fanIn, fanOut });
  const gates = 4 * units;
  const kernel = builder.parameter(`${path}.kernel`, [inputs, gates], glorot(joint ? inputs + width : inputs, gates));
  const bias = builder.parameter(`${path}.bias`, [gates], { kind: "parts", values: [0, 1, 0, 0] });
  const recurrent: Initializer = joint ? glorot(inputs + width, gates) : { kind: "orthogonal" };
  const captured = [builder.parameter(`${path}.recurrent_kernel`, [width, gates], recurrent)];
  if (peepholes)
    for (const gate of ["input", "forget", "output"])
      captured.push(builder.parameter(`${path}.peephole_${gate}`, [units], glorot(units, units)));
  if (projection > 0) captured.push(builder.parameter(`${path}.projection`, [units, projection], glorot(units, projection)));
  const states = [
    { name: "cell", width: units },
    { name: "state", width },
  ];
  const project = (timeMajor: Value): Value => builder.op("add", [builder.op("dense", [timeMajor, kernel]), bias]);
  return recurrentLayer(builder, path, x, options, project, { cell: lstmCell(cellOptions), states, captured });
}
