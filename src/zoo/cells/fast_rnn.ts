import { GraphBuilder } from "../../graph/builder.js";
import { type Graph, tensor } from "../../graph/types.js";
import { recurrentProduct } from "./low_rank.js";
import { type Nonlinearity, nonlinearity } from "./nonlinearity.js";

/** Shapes of EdgeML's cells, the rank of their product with the state (0: full) and their nonlinearities. */
export interface EdgemlCellOptions {
  readonly batch: number;
  readonly units: number;
  /** The new h also as step output. */
  readonly sequence: boolean;
  readonly rank: number;
  readonly gate: Nonlinearity;
  readonly update: Nonlinearity;
}

/**
 * Cell of FastRNN (Kusupati et al. 2018, arXiv 1901.02358), one step of
 *
 *     c = update(W x + b + U h)      (W x + b is given as `projected`)
 *     h = beta * h + alpha * c
 *
 * Inputs: h [B, units], projected [B, units], U [units, units] (of low rank U_1 [units, rank] and U [rank, units]), alpha [1], beta [1],
 * both behind their sigmoid. Outputs: new h, and again as step output where `sequence`.
 */
export function fastRnnCell({ batch, units, sequence, rank, update }: EdgemlCellOptions): Graph {
  const cell = new GraphBuilder("fast_rnn");
  const state = cell.input("state", tensor("f32", [batch, units]));
  const projected = cell.input("projected", tensor("f32", [batch, units]));
  const first = rank > 0 ? cell.input("recurrent_first", tensor("f32", [units, rank])) : undefined;
  const kernel = cell.input("recurrent_kernel", tensor("f32", [rank > 0 ? rank : units, units]));
  const alpha = cell.input("alpha", tensor("f32", [1]));
  const beta = cell.input("beta", tensor("f32", [1]));
  const sum = cell.op("add", [projected, recurrentProduct(cell, state, kernel, first)]);
  const candidate = nonlinearity(cell, sum, update);
  const next = cell.op("add", [cell.op("mul", [state, beta]), cell.op("mul", [candidate, alpha])]);
  cell.output("state", next);
  if (sequence) cell.output("output", next);
  return cell.finish();
}
