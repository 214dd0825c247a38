import { UserError } from "../base/errors.js";
import { booleanOf, numberOf } from "../graph/attributes.js";
import type { Graph, Node, Value } from "../graph/types.js";
import { GraphRebuilder } from "./rebuild.js";

/** Nodes that an unrolled graph may have; a second of sound has some 100 steps of a few dozen nodes. */
const mostNodes = 200_000;

/**
 * Writes every scan as its cell repeated for each step, for runtimes that have no such loop. Weights stay shared:
 * the values that the cell captures are used by all steps.
 * @throws UserError where the result would have more than 200,000 nodes
 */
export function unroll(graph: Graph): Graph {
  if (!graph.nodes.some((n) => n.op === "scan")) return graph;
  const rebuilder = new GraphRebuilder(graph);
  let nodes = 0;
  const count = (more: number): void => {
    nodes += more;
    if (nodes > mostNodes) throw new UserError(`graph ${graph.name} unrolled has more than ${mostNodes} nodes`);
  };
  for (const node of graph.nodes) {
    count(1);
    if (node.op !== "scan") {
      rebuilder.copy(node);
      continue;
    }
    const results = unrollScan(
      node,
      node.inputs.map((v) => rebuilder.get(v)),
      rebuilder,
      count,
    );
    node.outputs.forEach((output, i) => rebuilder.set(output, results[i]));
  }
  return rebuilder.finish();
}

type Count = (more: number) => void;

/** @param inputs of the scan, in the copy; gives its results there */
function unrollScan(scan: Node, inputs: readonly Value[], rebuilder: GraphRebuilder, count: Count): Value[] {
  const states = numberOf(scan.attributes, "states");
  const sequences = numberOf(scan.attributes, "sequences");
  const body = scan.body as Graph;
  const steps = inputs[states].type.shape[0];
  let running = inputs.slice(0, states);
  const captured = inputs.slice(states + sequences);
  const outputs: Value[][] = Array.from({ length: steps }, () => []);
  for (let turn = 0; turn < steps; turn++) {
    const step = booleanOf(scan.attributes, "reverse") ? steps - 1 - turn : turn;
    const now = inputs.slice(states, states + sequences).map((sequence) => stepOf(sequence, step, rebuilder));
    count(body.nodes.length + 3 * sequences);
    const results = inline(body, [...running, ...now, ...captured], rebuilder, count);
    running = results.slice(0, states);
    outputs[step] = results.slice(states);
  }
  const stacked = body.outputs.slice(states).map((_, i) =>
    stack(
      outputs.map((o) => o[i]),
      rebuilder,
    ),
  );
  return [...running, ...stacked];
}

/** One step of a sequence [T, ...], without the first axis. */
function stepOf(sequence: Value, step: number, rebuilder: GraphRebuilder): Value {
  const shape = sequence.type.shape;
  const begin = shape.map((_, i) => (i === 0 ? step : 0));
  const end = shape.map((n, i) => (i === 0 ? step + 1 : n));
  const part = shape[0] === 1 ? sequence : rebuilder.op("slice", [sequence], { begin, end, strides: shape.map(() => 1) });
  return rebuilder.op("reshape", [part], { shape: shape.slice(1) });
}

/** Steps [...] one after another as [T, ...]. */
function stack(steps: readonly Value[], rebuilder: GraphRebuilder): Value {
  const rows = steps.map((v) => rebuilder.op("reshape", [v], { shape: [1, ...v.type.shape] }));
  return rows.length === 1 ? rows[0] : rebuilder.op("concat", rows, { axis: 0 });
}

function inline(body: Graph, inputs: readonly Value[], rebuilder: GraphRebuilder, count: Count): Value[] {
  const values = new Map<Value, Value>(body.inputs.map(({ value }, i) => [value, inputs[i]]));
  for (const node of body.nodes) {
    const given = node.inputs.map((v) => values.get(v) as Value);
    const results =
      node.op === "scan"
        ? unrollScan(node, given, rebuilder, count)
        : rebuilder.apply(node.op, given, node.attributes, node.body);
    node.outputs.forEach((output, i) => values.set(output, results[i]));
  }
  return body.outputs.map(({ value }) => values.get(value) as Value);
}
