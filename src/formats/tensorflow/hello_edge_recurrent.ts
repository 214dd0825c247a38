import { jointLstm, part } from "../keras/network_layers.js";
import type { FrozenGraph } from "./frozen_graph.js";
import type { FrozenLayer } from "./frozen_layers.js";
import type { RecurrentCell } from "./recurrent_cells.js";

/** Values of parameters by name. */
export type Values = [name: string, data: Float32Array][];

/** A recurrent layer as Hello Edge has it, under the paths recurrent.0 and so on. */
export interface RecurrentLayers {
  readonly network: "basic_lstm" | "lstm" | "gru";
  /** What `--model-size-info` says of it: cells; projection and cells; layers and cells. */
  readonly sizes: readonly number[];
  readonly values: Values;
}

/**
 * The layers that a loop of a frozen graph is.
 * @throws FormatError where they are none of Hello Edge's
 */
export function recurrentLayers(graph: FrozenGraph, layer: FrozenLayer): RecurrentLayers {
  const { inputs, cells } = cellsOf(graph, layer);
  const [first] = cells as [RecurrentCell];
  if (first.kind === "gru") {
    const { values, units } = gruValues(graph, layer, cells, inputs);
    return { network: "gru", sizes: [cells.length, units], values };
  }
  if (cells.length > 1) graph.refuse(layer.node, "LSTM cells on each other");
  const units = first.bias.length / 4;
  const values = jointLstm("recurrent.0", first.kernel, first.bias, inputs, first.forgetOffset);
  if (!first.peepholes) return { network: "basic_lstm", sizes: [units], values };
  const { input, forget, output, projection } = first.peepholes;
  const seen: Values = [
    ["recurrent.0.peephole_input", input],
    ["recurrent.0.peephole_forget", forget],
    ["recurrent.0.peephole_output", output],
    ["recurrent.0.projection", projection.data],
  ];
  return { network: "lstm", sizes: [projection.shape[1] as number, units], values: [...values, ...seen] };
}

/** The cells of a layer, and how many values the first one takes of each frame. */
function cellsOf(graph: FrozenGraph, { node, loop }: FrozenLayer): { inputs: number; cells: readonly RecurrentCell[] } {
  const [first] = loop?.cells ?? [];
  if (!loop || !first) return graph.refuse(node, "a loop without cells");
  const rows = (first.kind === "gru" ? first.gates : first.kernel).shape[0] as number;
  const state =
    first.kind === "gru" ? first.candidateBias.length : (first.peepholes?.projection.shape[1] ?? first.bias.length / 4);
  return { inputs: rows - state, cells: loop.cells };
}

function gruValues(
  graph: FrozenGraph,
  { node }: FrozenLayer,
  cells: readonly RecurrentCell[],
  inputs: number,
): { values: Values; units: number } {
  const widths = new Set(cells.map((cell) => (cell.kind === "gru" ? cell.candidateBias.length : 0)));
  const [units] = [...widths] as [number];
  if (widths.size !== 1 || units === 0) graph.refuse(node, "cells of different kinds or widths on each other");
  const values = cells.flatMap((cell, i) =>
    cell.kind === "gru" ? gruCell(graph, node, `recurrent.${i}`, cell, i === 0 ? inputs : units, units) : [],
  );
  return { values, units };
}

function gruCell(
  graph: FrozenGraph,
  node: FrozenLayer["node"],
  path: string,
  { gates, gateBias, candidate, candidateBias }: RecurrentCell & { kind: "gru" },
  inputs: number,
  units: number,
): Values {
  const rows = inputs + units;
  if (
    inputs < 1 ||
    gates.shape[0] !== rows ||
    gates.shape[1] !== 2 * units ||
    candidate.shape[0] !== rows ||
    candidate.shape[1] !== units
  )
    graph.refuse(node, `weights of shape [${gates.shape}] and [${candidate.shape}] in a GRU of ${units} cells`);
  // r, u there; z (their u), r here.
  const order = [
    [units, 2 * units],
    [0, units],
  ] as const;
  const beside = (a: Float32Array, b: Float32Array): Float32Array => {
    const out = new Float32Array(inputs * 3 * units);
    for (let row = 0; row < inputs; row++) {
      out.set(a.subarray(row * 2 * units, (row + 1) * 2 * units), row * 3 * units);
      out.set(b.subarray(row * units, (row + 1) * units), row * 3 * units + 2 * units);
    }
    return out;
  };
  const all = [[0, units]] as const;
  return [
    [`${path}.kernel`, beside(part(gates, [0, inputs], order), part(candidate, [0, inputs], all))],
    [`${path}.bias`, Float32Array.of(...part({ shape: [1, 2 * units], data: gateBias }, [0, 1], order), ...candidateBias)],
    [`${path}.recurrent_kernel`, part(gates, [inputs, rows], order)],
    [`${path}.recurrent_candidate`, part(candidate, [inputs, rows], all)],
  ];
}
