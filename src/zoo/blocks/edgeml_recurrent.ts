import type { GraphBuilder } from "../../graph/builder.js";
import type { Graph, Initializer, Value } from "../../graph/types.js";
import { type EdgemlCellOptions, fastRnnCell } from "../cells/fast_rnn.js";
import { fastGrnnCell } from "../cells/fast_grnn.js";
import { gruCell } from "../cells/gru.js";
import { lstmCell } from "../cells/lstm.js";
import { ugrnnCell } from "../cells/ugrnn.js";
import type { Nonlinearity } from "../cells/nonlinearity.js";
import { channelsOf } from "./channels.js";
import { type CellState, type RecurrentOptions, recurrentLayer } from "./recurrent.js";

/** EdgeML's cells. */
export type EdgemlKind = "fast_rnn" | "fast_grnn" | "ugrnn" | "gru" | "lstm";

/** How a layer of EdgeML's cells is set up. */
export interface EdgemlOptions extends RecurrentOptions {
  /** Rank of the product with the input; 0: full. */
  readonly wRank: number;
  /** Rank of the product with the state; 0: full. */
  readonly uRank: number;
  readonly gate: Nonlinearity;
  readonly update: Nonlinearity;
}

/** Matrices of each cell. */
const gatesOf: Readonly<Record<EdgemlKind, number>> = { fast_rnn: 1, fast_grnn: 1, ugrnn: 2, gru: 3, lstm: 4 };
const normal: Initializer = { kind: "normal", deviation: 0.1 };
const one: Initializer = { kind: "ones" };

/**
 * A layer of one of EdgeML's cells over time: [B, T, F] to [B, T, units] or [B, units]. Parameters `path.kernel` [F, gates * units], or of
 * low rank `path.kernel_first` [F, rank] and `path.kernel` [rank, gates * units]; `path.recurrent_kernel` and `path.recurrent_first` the same
 * way, for GRU with `path.recurrent_candidate`; `path.bias` [gates * units], for FastGRNN `path.bias_gate` and `path.bias_update`; the
 * scalars `path.alpha` and `path.beta`, or `path.zeta` and `path.nu`, [1], before their sigmoid. Matrices start as 0.1 times normal draws,
 * biases at 1, as in EdgeML.
 */
export function edgemlLayer(builder: GraphBuilder, path: string, x: Value, kind: EdgemlKind, options: EdgemlOptions): Value {
  const { units, sequence, wRank, uRank, gate, update } = options;
  const width = gatesOf[kind] * units;
  const matrix = (name: string, rows: number, columns: number): Value =>
    builder.parameter(`${path}.${name}`, [rows, columns], normal);
  const inputs = channelsOf(x);
  const factors =
    wRank > 0 ? [matrix("kernel_first", inputs, wRank), matrix("kernel", wRank, width)] : [matrix("kernel", inputs, width)];
  const bias = kind === "fast_grnn" ? undefined : builder.parameter(`${path}.bias`, [width], one);
  const project = (timeMajor: Value): Value => {
    const product = factors.reduce((y, factor) => builder.op("dense", [y, factor]), timeMajor);
    return bias ? builder.op("add", [product, bias]) : product;
  };
  const captured = uRank > 0 ? [matrix("recurrent_first", units, uRank)] : [];
  const rows = uRank > 0 ? uRank : units;
  captured.push(matrix("recurrent_kernel", rows, kind === "gru" ? 2 * units : width));
  if (kind === "gru") captured.push(matrix("recurrent_candidate", rows, units));
  if (kind === "fast_grnn")
    for (const name of ["bias_gate", "bias_update"]) captured.push(builder.parameter(`${path}.${name}`, [units], one));
  for (const [name, value] of scalars[kind] ?? []) captured.push(share(builder, `${path}.${name}`, value));
  const batch = x.type.shape[0] as number;
  const { cell, states } = cellOf(kind, { batch, units, sequence, rank: uRank, gate, update });
  return recurrentLayer(builder, path, x, options, project, { cell, states, captured });
}

const scalars: Partial<Record<EdgemlKind, readonly (readonly [name: string, value: number])[]>> = {
  fast_rnn: [
    ["alpha", -3],
    ["beta", 3],
  ],
  fast_grnn: [
    ["zeta", 1],
    ["nu", -4],
  ],
};

/** A trained number between 0 and 1. */
function share(builder: GraphBuilder, path: string, value: number): Value {
  return builder.op("sigmoid", [builder.parameter(path, [1], { kind: "constant", value })]);
}

function cellOf(kind: EdgemlKind, options: EdgemlCellOptions): { cell: Graph; states: CellState[] } {
  const states = [{ name: "state", width: options.units }];
  if (kind === "fast_rnn") return { cell: fastRnnCell(options), states };
  if (kind === "fast_grnn") return { cell: fastGrnnCell(options), states };
  if (kind === "ugrnn") return { cell: ugrnnCell(options), states };
  if (kind === "gru") return { cell: gruCell({ ...options, resetAfter: false }), states };
  const cell = lstmCell({ ...options, peepholes: false, projection: 0, cellClip: 0, projectionClip: 0 });
  return { cell, states: [{ name: "cell", width: options.units }, ...states] };
}
