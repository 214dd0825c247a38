import type { GraphBuilder } from "../../graph/builder.js";
import { type Graph, tensor, type Value } from "../../graph/types.js";

/** What all recurrent layers have in common. */
export interface RecurrentOptions {
  readonly units: number;
  /** All outputs [B, T, units] instead of the last [B, units]. */
  readonly sequence: boolean;
  /** The states go on from one run to the next (states of the graph) instead of starting from zeros. */
  readonly stateful: boolean;
  /** From the clip's end to its beginning. Outputs stand at their places in time; the last is that of the first frame. */
  readonly reverse?: boolean;
}

/** Name and width of a cell's state. */
export interface CellState {
  readonly name: string;
  readonly width: number;
}

/** A cell with what it takes. */
export interface PlacedCell {
  readonly cell: Graph;
  /** Its states; the last one is its output, and where all outputs are wanted it gives that as step output, too. */
  readonly states: readonly CellState[];
  /** Weights. */
  readonly captured: readonly Value[];
}

/**
 * A cell over time.
 * @param x [B, T, F]
 * @param project gives what the cell takes of each frame, from x as [T, B, F]
 * @returns [B, T, width] or [B, width]
 */
export function recurrentLayer(
  builder: GraphBuilder,
  path: string,
  x: Value,
  options: Omit<RecurrentOptions, "units">,
  project: (timeMajor: Value) => Value,
  { cell, states, captured }: PlacedCell,
): Value {
  const batch = x.type.shape[0] as number;
  const initial = states.map(({ name, width }) =>
    options.stateful
      ? builder.state(`${path}.${name}`, tensor("f32", [batch, width]))
      : builder.op("zeros", [x], { shape: [0, width] }),
  );
  const projected = project(builder.op("transpose", [x], { permutation: [1, 0, 2] }));
  const attributes = { states: states.length, sequences: 1, reverse: options.reverse ?? false };
  const results = builder.apply("scan", [...initial, projected, ...captured], attributes, cell);
  if (options.stateful) initial.forEach((state, i) => builder.setState(state, results[i] as Value));
  if (!options.sequence) return results[states.length - 1] as Value;
  return builder.op("transpose", [results[states.length] as Value], { permutation: [1, 0, 2] });
}
