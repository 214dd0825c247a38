import { GraphBuilder } from "../../graph/builder.js";
import { type Graph, tensor } from "../../graph/types.js";
import type { EdgemlCellOptions } from "./fast_rnn.js";
import { recurrentProduct } from "./low_rank.js";
import { nonlinearity } from "./nonlinearity.js";

/**
 * Cell of FastGRNN (Kusupati et al. 2018, arXiv 1901.02358), one step of
 *
 *     p = W x + U h                  (W x is given as `projected`)
 *     z = gate(p + b_g), c = update(p + b_u)
 *     h = z * h + (zeta * (1 - z) + nu) * c
 *
 * Inputs: h [B, units], projected [B, units], U [units, units] (of low rank U_1 [units, rank] and U [rank, units]), b_g, b_u [units],
 * zeta [1], nu [1], both behind their sigmoid. Outputs: new h, and again as step output where `sequence`.
 */
export function fastGrnnCell({ batch, units, sequence, rank, gate, update }: EdgemlCellOptions): Graph {
  const cell = new GraphBuilder("fast_grnn");
  const state = cell.input("state", tensor("f32", [batch, units]));
  const projected = cell.input("projected", tensor("f32", [batch, units]));
  const first = rank > 0 ? cell.input("recurrent_first", tensor("f32", [units, rank])) : undefined;
  const kernel = cell.input("recurrent_kernel", tensor("f32", [rank > 0 ? rank : units, units]));
  const gateBias = cell.input("bias_gate", tensor("f32", [units]));
  const updateBias = cell.input("bias_update", tensor("f32", [units]));
  const zeta = cell.input("zeta", tensor("f32", [1]));
  const nu = cell.input("nu", tensor("f32", [1]));
  const sum = cell.op("add", [projected, recurrentProduct(cell, state, kernel, first)]);
  const z = nonlinearity(cell, cell.op("add", [sum, gateBias]), gate);
  const candidate = nonlinearity(cell, cell.op("add", [sum, updateBias]), update);
  const rest = cell.op("affine", [z], { scale: -1, offset: 1 });
  const share = cell.op("add", [cell.op("mul", [rest, zeta]), nu]);
  const next = cell.op("add", [cell.op("mul", [z, state]), cell.op("mul", [share, candidate])]);
  cell.output("state", next);
  if (sequence) cell.output("output", next);
  return cell.finish();
}
