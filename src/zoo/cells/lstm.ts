import { GraphBuilder } from "../../graph/builder.js";
import { type Graph, tensor, type Value } from "../../graph/types.js";
import { columns } from "./columns.js";
import { recurrentProduct } from "./low_rank.js";
import { type Nonlinearity, nonlinearity } from "./nonlinearity.js";

/** Shapes of an LSTM cell and what it has besides the gates. */
export interface LstmCellOptions {
  readonly batch: number;
  readonly units: number;
  /** The new output also as step output. */
  readonly sequence: boolean;
  /** The gates see the memory (Gers and Schmidhuber 2000): input and forget gate the old one, the output gate the new one. */
  readonly peepholes: boolean;
  /** Width of the linear projection of the output (Sak et al. 2014); 0: none. */
  readonly projection: number;
  /** Largest magnitude of the memory; 0: not limited. */
  readonly cellClip: number;
  /** Largest magnitude of the projected output; 0: not limited. */
  readonly projectionClip: number;
  /** Rank of the product with the output, whose first factor all gates share; 0 or absent: full. */
  readonly rank?: number;
  /** In the place of the gates' sigmoid. */
  readonly gate?: Nonlinearity;
  /** In the place of tanh, for the candidate and the memory. */
  readonly update?: Nonlinearity;
}

/** Width of the cell's output. */
export function lstmWidth({ units, projection }: Pick<LstmCellOptions, "units" | "projection">): number {
  return projection > 0 ? projection : units;
}

/**
 * Cell of a long short-term memory (Hochreiter and Schmidhuber 1997; with peepholes, projection and limits as TensorFlow's LSTMCell), one
 * step of
 *
 *     i, f, g, o = W x + b + U h            (W x + b is given as `projected`, gates in this order)
 *     c = sigmoid(f + p_f c) * c + sigmoid(i + p_i c) * tanh(g)
 *     h = P (sigmoid(o + p_o c) * tanh(c))
 *
 * The forget gate's usual offset of 1 is part of b.
 * Inputs: c [B, units], h [B, width], projected [B, 4 units], U [width, 4 units] (of low rank U_1 [width, rank] and U [rank, 4 units]), then p_i, p_f, p_o [units] and P [units, projection]
 * where there are any. Outputs: new c, new h, and h again as step output where `sequence`.
 */
export function lstmCell(options: LstmCellOptions): Graph {
  const { batch, units, peepholes, projection, rank = 0, gate = "sigmoid", update = "tanh" } = options;
  const cell = new GraphBuilder("lstm");
  const memory = cell.input("cell", tensor("f32", [batch, units]));
  const output = cell.input("state", tensor("f32", [batch, lstmWidth(options)]));
  const projected = cell.input("projected", tensor("f32", [batch, 4 * units]));
  const first = rank > 0 ? cell.input("recurrent_first", tensor("f32", [lstmWidth(options), rank])) : undefined;
  const kernel = cell.input("recurrent_kernel", tensor("f32", [rank > 0 ? rank : lstmWidth(options), 4 * units]));
  const sum = cell.op("add", [projected, recurrentProduct(cell, output, kernel, first)]);
  const weight = (name: string): Value | undefined => (peepholes ? cell.input(name, tensor("f32", [units])) : undefined);
  const [toInput, toForget, toOutput] = ["peephole_input", "peephole_forget", "peephole_output"].map(weight);
  const seen = (i: number, peephole: Value | undefined, c: Value): Value => {
    const part = columns(cell, sum, i * units, (i + 1) * units);
    return peephole ? cell.op("add", [part, cell.op("mul", [peephole, c])]) : part;
  };
  const input = nonlinearity(cell, seen(0, toInput, memory), gate);
  const forget = nonlinearity(cell, seen(1, toForget, memory), gate);
  const candidate = nonlinearity(cell, seen(2, undefined, memory), update);
  const kept = cell.op("add", [cell.op("mul", [forget, memory]), cell.op("mul", [input, candidate])]);
  const next = limited(cell, kept, options.cellClip);
  let result = cell.op("mul", [nonlinearity(cell, seen(3, toOutput, next), gate), nonlinearity(cell, next, update)]);
  if (projection > 0) {
    const projectionKernel = cell.input("projection", tensor("f32", [units, projection]));
    result = limited(cell, cell.op("dense", [result, projectionKernel]), options.projectionClip);
  }
  cell.output("cell", next);
  cell.output("state", result);
  if (options.sequence) cell.output("output", result);
  return cell.finish();
}

function limited(cell: GraphBuilder, x: Value, most: number): Value {
  return most > 0 ? cell.op("clamp", [x], { low: -most, high: most }) : x;
}
