import { GraphBuilder } from "../../graph/builder.js";
import { type Graph, tensor, type Value } from "../../graph/types.js";
import { columns } from "./columns.js";
import { recurrentProduct } from "./low_rank.js";
import { type Nonlinearity, nonlinearity } from "./nonlinearity.js";

/** Shapes of a GRU cell and where its reset gate stands. */
export interface GruCellOptions {
  readonly batch: number;
  readonly units: number;
  /** The new h also as step output. */
  readonly sequence: boolean;
  /** The reset gate multiplies the product (Keras `reset_after`, cuDNN, PyTorch); otherwise the state (Cho et al. 2014, TensorFlow 1). */
  readonly resetAfter: boolean;
  /** Rank of the product with the state, whose first factor all gates share; 0 or absent: full. Only with the reset before it. */
  readonly rank?: number;
  /** In the place of the gates' sigmoid. */
  readonly gate?: Nonlinearity;
  /** In the place of the candidate's tanh. */
  readonly update?: Nonlinearity;
}

/**
 * Cell of a gated recurrent unit; with the reset after the product one step of
 *
 *     z, r, g = W x + b          (given as `projected`, in this order)
 *     z', r', g' = U h + c
 *     z = sigmoid(z + z'), r = sigmoid(r + r'), n = tanh(g + r * g')
 *     h = z * h + (1 - z) * n
 *
 * and with the reset before it n = tanh(g + U_n (r * h)), without c.
 * The product W x + b does not depend on the state, so it stands outside, as one product over all frames.
 * Inputs: h [B, units], projected [B, 3 units], then U [units, 3 units] and c [3 units], or U_zr [units, 2 units] and U_n [units, units];
 * of low rank: U_1 [units, rank], U_zr [rank, 2 units] and U_n [rank, units].
 * Outputs: new h, and again as step output where `sequence`.
 */
export function gruCell(options: GruCellOptions): Graph {
  const { batch, units, sequence, resetAfter } = options;
  const cell = new GraphBuilder("gru");
  const state = cell.input("state", tensor("f32", [batch, units]));
  const projected = cell.input("projected", tensor("f32", [batch, 3 * units]));
  const { update, candidate } = resetAfter
    ? resetBehind(cell, state, projected, options)
    : resetBefore(cell, state, projected, options);
  // z * h + (1 - z) * n, with one product less
  const next = cell.op("add", [candidate, cell.op("mul", [update, cell.op("sub", [state, candidate])])]);
  cell.output("state", next);
  if (sequence) cell.output("output", next);
  return cell.finish();
}

interface Gates {
  readonly update: Value;
  readonly candidate: Value;
}

type Kinds = Pick<GruCellOptions, "rank" | "gate" | "update">;

function resetBehind(cell: GraphBuilder, state: Value, projected: Value, kinds: Kinds): Gates {
  const units = state.type.shape[1] as number;
  const kernel = cell.input("recurrent_kernel", tensor("f32", [units, 3 * units]));
  const bias = cell.input("recurrent_bias", tensor("f32", [3 * units]));
  const recurrent = cell.op("add", [cell.op("dense", [state, kernel]), bias]);
  const { update, reset } = gates(cell, projected, columns(cell, recurrent, 0, 2 * units), kinds);
  const given = columns(cell, projected, 2 * units, 3 * units);
  const kept = cell.op("mul", [reset, columns(cell, recurrent, 2 * units, 3 * units)]);
  return { update, candidate: nonlinearity(cell, cell.op("add", [given, kept]), kinds.update ?? "tanh") };
}

function resetBefore(cell: GraphBuilder, state: Value, projected: Value, kinds: Kinds): Gates {
  const units = state.type.shape[1] as number;
  const { rank = 0 } = kinds;
  const rows = rank > 0 ? rank : units;
  const first = rank > 0 ? cell.input("recurrent_first", tensor("f32", [units, rank])) : undefined;
  const gateKernel = cell.input("recurrent_kernel", tensor("f32", [rows, 2 * units]));
  const candidateKernel = cell.input("recurrent_candidate", tensor("f32", [rows, units]));
  const { update, reset } = gates(cell, projected, recurrentProduct(cell, state, gateKernel, first), kinds);
  const kept = recurrentProduct(cell, cell.op("mul", [reset, state]), candidateKernel, first);
  const sum = cell.op("add", [columns(cell, projected, 2 * units, 3 * units), kept]);
  return { update, candidate: nonlinearity(cell, sum, kinds.update ?? "tanh") };
}

function gates(
  cell: GraphBuilder,
  projected: Value,
  recurrent: Value,
  { gate = "sigmoid" }: Kinds,
): { update: Value; reset: Value } {
  const units = (recurrent.type.shape[1] as number) / 2;
  const both = nonlinearity(cell, cell.op("add", [columns(cell, projected, 0, 2 * units), recurrent]), gate);
  return { update: columns(cell, both, 0, units), reset: columns(cell, both, units, 2 * units) };
}
