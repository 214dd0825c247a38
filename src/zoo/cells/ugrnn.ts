import { GraphBuilder } from "../../graph/builder.js";
import { type Graph, tensor } from "../../graph/types.js";
import { columns } from "./columns.js";
import type { EdgemlCellOptions } from "./fast_rnn.js";
import { recurrentProduct } from "./low_rank.js";
import { nonlinearity } from "./nonlinearity.js";

/**
 * Cell of UGRNN (Collins et al. 2016, arXiv 1611.09913), one step of
 *
 *     z, c = W x + b + U h           (W x + b is given as `projected`, in this order)
 *     h = gate(z) * h + (1 - gate(z)) * update(c)
 *
 * Inputs: h [B, units], projected [B, 2 units], U [units, 2 units] (of low rank U_1 [units, rank] and U [rank, 2 units]).
 * Outputs: new h, and again as step output where `sequence`.
 */
export function ugrnnCell({ batch, units, sequence, rank, gate, update }: EdgemlCellOptions): Graph {
  const cell = new GraphBuilder("ugrnn");
  const state = cell.input("state", tensor("f32", [batch, units]));
  const projected = cell.input("projected", tensor("f32", [batch, 2 * units]));
  const first = rank > 0 ? cell.input("recurrent_first", tensor("f32", [units, rank])) : undefined;
  const kernel = cell.input("recurrent_kernel", tensor("f32", [rank > 0 ? rank : units, 2 * units]));
  const sum = cell.op("add", [projected, recurrentProduct(cell, state, kernel, first)]);
  const z = nonlinearity(cell, columns(cell, sum, 0, units), gate);
  const candidate = nonlinearity(cell, columns(cell, sum, units, 2 * units), update);
  // z * h + (1 - z) * c, with one product less
  const next = cell.op("add", [candidate, cell.op("mul", [z, cell.op("sub", [state, candidate])])]);
  cell.output("state", next);
  if (sequence) cell.output("output", next);
  return cell.finish();
}
