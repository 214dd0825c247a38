import { findOp } from "../graph/ops/index.js";
import type { Graph, Node, Value } from "../graph/types.js";
import { dependents } from "./clone.js";
import { costlyOps } from "./costly_ops.js";

/** Whether a node is computed again rather than stored. */
function isCheap(node: Node): boolean {
  const { expression, view } = findOp(node.op);
  return view === true || (expression !== undefined && !costlyOps.has(node.op));
}

/**
 * Which values of a cell the forward scan stacks for its gradient: of those that the gradient uses (`used`), the ones that
 * depend on a state and that cheap element-wise nodes cannot make of what is stacked already.
 */
export function chooseRecorded(body: Graph, states: readonly Value[], used: ReadonlySet<Value>): Value[] {
  const producer = new Map(body.nodes.flatMap((n) => n.outputs.map((v) => [v, n] as const)));
  const moving = dependents(body.nodes, states);
  const known = new Set<Value>(states);
  const isMade = (value: Value): boolean => {
    if (known.has(value) || !moving.has(value)) return true;
    const node = producer.get(value)!;
    return isCheap(node) && node.inputs.every(isMade);
  };
  const recorded: Value[] = [];
  for (const node of body.nodes)
    for (const value of node.outputs) {
      if (!used.has(value) || isMade(value)) continue;
      known.add(value);
      recorded.push(value);
    }
  return recorded;
}
