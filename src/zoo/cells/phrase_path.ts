import { GraphBuilder } from "../../graph/builder.js";
import { type Graph, tensor, type Value } from "../../graph/types.js";
import { columns } from "./columns.js";

/** What a phone that has not been reached lies below the score of beginning; states of a scan begin with zero. */
export const unreached = 50;

/**
 * One step of the best paths through phrases (Viterbi 1967), each a row of phones from left to right:
 *
 *     score[k] = max(score[k] + stay[k], score[k - 1] + fit[k])
 *
 * A phone counts by the frame with which the path enters it, and little by its others: a wrong phone costs the same whether it is long or
 * short. A phrase begins at any time with the score `unreached`. Inputs: scores, fits and stays, each [B, phones of all phrases].
 * Outputs: the new scores, and those of each phrase's last phone [B, phrases] as step output.
 * @param lengths phones of each phrase
 */
export function phrasePathCell(batch: number, lengths: readonly number[]): Graph {
  const width = lengths.reduce((sum, length) => sum + length, 0);
  const cell = new GraphBuilder("phrase_path");
  const scores = cell.input("scores", tensor("f32", [batch, width]));
  const fits = cell.input("fits", tensor("f32", [batch, width]));
  const stays = cell.input("stays", tensor("f32", [batch, width]));
  const begin = cell.op("affine", [columns(cell, scores, 0, 1)], { scale: 0, offset: unreached });
  const before: Value[] = [];
  let first = 0;
  for (const length of lengths) {
    before.push(begin);
    if (length > 1) before.push(columns(cell, scores, first, first + length - 1));
    first += length;
  }
  const next = cell.op("maximum", [cell.op("add", [scores, stays]), cell.op("add", [joined(cell, before), fits])]);
  cell.output("scores", next);
  first = 0;
  const last = lengths.map((length) => {
    first += length;
    return columns(cell, next, first - 1, first);
  });
  cell.output("ended", joined(cell, last));
  return cell.finish();
}

function joined(cell: GraphBuilder, parts: readonly Value[]): Value {
  return parts.length === 1 ? (parts[0] as Value) : cell.op("concat", parts, { axis: 1 });
}
