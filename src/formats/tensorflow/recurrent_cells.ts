import type { ForeignTensor } from "../foreign_tensor.js";
import type { FrozenGraph, Source } from "./frozen_graph.js";
import type { GraphNode } from "./graph_def.js";
import { type Bindings, matchPattern, op, outputOf, type Pattern } from "./pattern.js";

/** A recurrent layer that was recognised in a loop; weights as TensorFlow 1's cells have them. */
export type RecurrentCell =
  | {
      readonly kind: "lstm";
      readonly kernel: ForeignTensor;
      readonly bias: Float32Array;
      readonly forgetOffset: number;
      readonly peepholes?: Peepholes;
    }
  | {
      readonly kind: "gru";
      /** [inputs + units, 2 units], gates in the order r, u. */
      readonly gates: ForeignTensor;
      readonly gateBias: Float32Array;
      /** [inputs + units, units]. */
      readonly candidate: ForeignTensor;
      readonly candidateBias: Float32Array;
    };

/** Weights from the memory to the gates, and the projection of the output. */
export interface Peepholes {
  readonly input: Float32Array;
  readonly forget: Float32Array;
  readonly output: Float32Array;
  readonly projection: ForeignTensor;
}

/** A loop over time: what it runs over, [batch, time, features], and its cells from the first to the last. */
export interface RecurrentLoop {
  readonly sequence: Source;
  readonly cells: readonly RecurrentCell[];
}

/** Most cells on each other. */
const mostCells = 16;

const affine = (of: Pattern, kernel: string, bias: string): Pattern & object => op("BiasAdd", op("MatMul", of, kernel), bias);
const joined = (x: Pattern, state: Pattern): Pattern => op("ConcatV2", x, state, 1);
const lstmGate = (i: number): Pattern => outputOf(i, op("Split", 1, affine(joined("x", "state"), "kernel", "bias")));
const opened = (gate: Pattern): Pattern => op("Sigmoid", gate);
const candidate = op("Tanh", lstmGate(1));

const plainMemory = op(
  "Add",
  op("Mul", opened(op("Add", lstmGate(2), "offset")), "memory"),
  op("Mul", opened(lstmGate(0)), candidate),
);
const plainOutput = op("Mul", opened(lstmGate(3)), op("Tanh", plainMemory));

const seen = (gate: Pattern, weight: string, memory: Pattern): Pattern => opened(op("Add", gate, op("Mul", weight, memory)));
const peepholeMemory = op(
  "Add",
  op("Mul", seen(op("Add", lstmGate(2), "offset"), "forget", "memory"), "memory"),
  op("Mul", seen(lstmGate(0), "input", "memory"), candidate),
);
const peepholeOutput = op(
  "MatMul",
  op("Mul", seen(lstmGate(3), "output", peepholeMemory), op("Tanh", peepholeMemory)),
  "projection",
);

const gruGate = (i: number): Pattern => outputOf(i, op("Split", 1, opened(affine(joined("x", "state"), "gates", "gateBias"))));
const gruCandidate = op("Tanh", affine(joined("x", op("Mul", gruGate(0), "state")), "candidate", "candidateBias"));
const gruOutput = op("Add", op("Mul", gruGate(1), "state"), op("Mul", op("Sub", 1, gruGate(1)), gruCandidate));

/**
 * Recognises the loop behind an Exit node, tf.nn.dynamic_rnn over one of its cells or a stack of them.
 * @throws FormatError where the loop computes something else
 */
export function readRecurrentLoop(graph: FrozenGraph, exit: GraphNode): RecurrentLoop {
  const cells: RecurrentCell[] = [];
  let at = nextOf(graph, graph.source(exit, 0), exit);
  for (;;) {
    const { cell, bindings } = readCell(graph, at, exit);
    cells.unshift(cell);
    if (cells.length > mostCells) graph.refuse(exit, `more than ${mostCells} cells on each other`);
    const x = bound(graph, bindings, "x", exit);
    if (x.node.op === "TensorArrayReadV3") return { cells, sequence: readSequence(graph, x.node) };
    at = x;
  }
}

function readCell(graph: FrozenGraph, at: Source, exit: GraphNode): { cell: RecurrentCell; bindings: Bindings } {
  const gru = matchPattern(graph, at, gruOutput);
  if (gru) {
    requireState(graph, gru, "state", at, exit);
    const cell = {
      kind: "gru" as const,
      gates: matrix(graph, gru, "gates", exit),
      gateBias: vector(graph, gru, "gateBias", exit),
      candidate: matrix(graph, gru, "candidate", exit),
      candidateBias: vector(graph, gru, "candidateBias", exit),
    };
    return { cell, bindings: gru };
  }
  const peepholes = matchPattern(graph, at, peepholeOutput);
  const bindings = peepholes ?? matchPattern(graph, at, plainOutput);
  if (!bindings) return graph.refuse(exit, "is the result of a loop that is no LSTM and no GRU");
  requireState(graph, bindings, "state", at, exit);
  const memory = nextOf(graph, bound(graph, bindings, "memory", exit), exit);
  if (!matchPattern(graph, memory, peepholes ? peepholeMemory : plainMemory, bindings))
    graph.refuse(exit, "is the result of a loop whose memory is not an LSTM's");
  const offset = graph.constant(bound(graph, bindings, "offset", exit));
  const cell = {
    kind: "lstm" as const,
    kernel: matrix(graph, bindings, "kernel", exit),
    bias: vector(graph, bindings, "bias", exit),
    forgetOffset: offset?.data[0] ?? graph.refuse(exit, "the offset of its forget gate is no number"),
    ...(peepholes ? { peepholes: readPeepholes(graph, bindings, exit) } : {}),
  };
  return { cell, bindings };
}

function readPeepholes(graph: FrozenGraph, bindings: Bindings, exit: GraphNode): Peepholes {
  return {
    input: vector(graph, bindings, "input", exit),
    forget: vector(graph, bindings, "forget", exit),
    output: vector(graph, bindings, "output", exit),
    projection: matrix(graph, bindings, "projection", exit),
  };
}

function bound(graph: FrozenGraph, bindings: Bindings, name: string, exit: GraphNode): Source {
  return bindings.get(name) ?? graph.refuse(exit, `its loop has no ${name}`);
}

function constantOf(graph: FrozenGraph, bindings: Bindings, name: string, rank: number, exit: GraphNode): ForeignTensor {
  const value = graph.constant(bound(graph, bindings, name, exit));
  if (value?.data instanceof Float32Array && value.shape.length === rank) return { shape: value.shape, data: value.data };
  return graph.refuse(exit, `the ${name} of its loop is no constant of ${rank} axes`);
}

const matrix = (graph: FrozenGraph, bindings: Bindings, name: string, exit: GraphNode): ForeignTensor =>
  constantOf(graph, bindings, name, 2, exit);
const vector = (graph: FrozenGraph, bindings: Bindings, name: string, exit: GraphNode): Float32Array =>
  constantOf(graph, bindings, name, 1, exit).data;

/** What a loop variable becomes: Switch leads to Merge, whose second input is NextIteration. */
function nextOf(graph: FrozenGraph, { node }: Source, exit: GraphNode): Source {
  const merge = node.op === "Switch" ? graph.source(node, 0).node : node;
  if (merge.op !== "Merge") return graph.refuse(exit, `its loop has ${node.op} where a variable of the loop is expected`);
  requireZeros(graph, graph.source(merge, 0), exit);
  const next = graph.source(merge, 1).node;
  if (next.op !== "NextIteration") return graph.refuse(exit, "its loop has no next iteration");
  return graph.source(next, 0);
}

/** What is named `state` must be the variable that becomes `at`. */
function requireState(graph: FrozenGraph, bindings: Bindings, name: string, at: Source, exit: GraphNode): void {
  const next = nextOf(graph, bound(graph, bindings, name, exit), exit);
  if (next.node !== at.node || next.output !== at.output)
    graph.refuse(exit, "is the result of a loop that does not keep its own output");
}

function requireZeros(graph: FrozenGraph, first: Source, exit: GraphNode): void {
  const value = first.node.op === "Fill" ? graph.constant(graph.source(first.node, 1)) : graph.constant(first);
  if (!value?.data.every((x) => x === 0)) graph.refuse(exit, "its loop does not start with zeros");
}

/** What a TensorArray is filled with: the clip, time before batch. */
function readSequence(graph: FrozenGraph, read: GraphNode): Source {
  const scatter = graph.source(read, 2).node;
  const index = graph.source(read, 1).node;
  if (scatter.op !== "TensorArrayScatterV3" || index.op !== "Switch")
    return graph.refuse(read, "its loop does not take the clip frame by frame");
  requireCounter(graph, index, read);
  const transpose = graph.source(scatter, 2).node;
  if (transpose.op !== "Transpose") return graph.refuse(scatter, "its loop does not run over time");
  return graph.source(transpose, 0);
}

/** The loop must count from 0 in steps of 1. */
function requireCounter(graph: FrozenGraph, index: GraphNode, read: GraphNode): void {
  const merge = graph.source(index, 0).node;
  const start = merge.op === "Merge" ? graph.constant(graph.source(merge, 0)) : undefined;
  const next = merge.op === "Merge" ? graph.source(merge, 1).node : undefined;
  const step = next?.op === "NextIteration" ? matchPattern(graph, graph.source(next, 0), op("Add", "count", 1)) : undefined;
  if (start?.data[0] !== 0 || step?.get("count")?.node !== index) graph.refuse(read, "its loop does not count its frames from 0");
}
