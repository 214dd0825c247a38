import { shapeOf } from "../graph/attributes.js";
import { findOp } from "../graph/ops/index.js";
import { normalAxes } from "../graph/shapes.js";
import type { Graph, Node, Value } from "../graph/types.js";
import { bodiedNode, mostOperands } from "./bodied_node.js";

/** Whether the node adds up over all axes but the last. */
function sumsRows({ op, inputs, attributes }: Node): boolean {
  if (op !== "sum" || attributes.keep === true) return false;
  const { shape, dtype } = inputs[0]!.type;
  const axes = normalAxes(shapeOf(attributes, "axes"), shape.length);
  const last = shape.length - 1;
  // One column alone would be a sum over everything.
  return dtype === "f32" && last > 0 && axes.length === last && !axes.includes(last) && shape[last]! > 1;
}

function isLoop({ op, body, outputs }: Node): boolean {
  const isElementwise = op === "fused" ? !body!.nodes.some((n) => n.op === "concat") : findOp(op).expression !== undefined;
  return isElementwise && outputs.every((v) => v.type.dtype === "f32");
}

/** The loop with the sums; its own results only where something else needs them. */
function join(loop: Node, sums: readonly Node[], isNeeded: (v: Value) => boolean): Node {
  const outputs = [...loop.outputs.filter(isNeeded), ...sums.map((n) => n.outputs[0]!)];
  const inputs = [...new Set(loop.inputs)];
  return bodiedNode("fused", inputs, outputs, [...(loop.op === "fused" ? loop.body!.nodes : [loop]), ...sums]);
}

function withSums(graph: Graph): Graph {
  const users = new Map<Value, Node[]>();
  for (const node of graph.nodes) for (const v of new Set(node.inputs)) users.set(v, [...(users.get(v) ?? []), node]);
  const kept = new Set(graph.outputs.map((o) => o.value));
  const joined = new Set<Node>();
  const nodes = graph.nodes.map((node) => {
    if (!isLoop(node)) return node;
    const shape = node.outputs[0]!.type.shape.join();
    const sums = node.outputs.flatMap((v) =>
      v.type.shape.join() === shape ? (users.get(v) ?? []).filter((n) => sumsRows(n) && !joined.has(n)) : [],
    );
    if (sums.length === 0 || node.inputs.length + node.outputs.length + sums.length > mostOperands) return node;
    for (const n of sums) joined.add(n);
    return join(node, sums, (v) => kept.has(v) || users.get(v)!.some((n) => !joined.has(n)));
  });
  return { ...graph, nodes: nodes.filter((n) => !joined.has(n)) };
}

/**
 * In loops over a batch, which one thread runs, what an element-wise loop makes is added up while it is made: the sums of a batch norm's
 * gradient, of a bias's. What only the sum needs is not written. To be run after fuse.
 */
export function fuseSums(graph: Graph): Graph {
  if (!graph.nodes.some((n) => n.op === "batch_loop")) return graph;
  return { ...graph, nodes: graph.nodes.map((n) => (n.op === "batch_loop" ? { ...n, body: withSums(n.body!) } : n)) };
}
