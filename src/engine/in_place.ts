import { findOp } from "../graph/ops/index.js";
import { type Graph, type Node, sizeOf } from "../graph/types.js";
import { walksWhole } from "./elementwise.js";
import type { Place } from "./place.js";

/** Whether the op that makes an output of the graph can add it to what is there, and nothing else needs it. */
export function addsItself(graph: Graph, output: number): boolean {
  const { value } = graph.outputs[output]!;
  const isUsed =
    graph.nodes.some((n) => n.inputs.includes(value)) || graph.outputs.some((o, i) => i !== output && o.value === value);
  const producer = graph.nodes.find((n) => n.outputs.includes(value));
  return !isUsed && producer !== undefined && findOp(producer.op).adds === true;
}

/** A kernel may write where it reads only if it is element-wise and walks both alike. */
export function mayWrite(target: Place, walked: readonly Place[], inputs: readonly Place[]): boolean {
  const size = sizeOf(target.type.shape);
  return inputs.every(
    (p) => p.storage !== target.storage || (walked.includes(p) && sizeOf(p.type.shape) === size && p.strides.length === 0),
  );
}

/** Inputs that the node's kernel reads element by element only, each element together with that of its output number `output`. */
export function elementwiseInputs(node: Node, inputs: readonly Place[], output: number): Place[] {
  const { body } = node;
  if (findOp(node.op).expression) return [...inputs];
  if (node.op === "fused")
    return walksWhole(node, "outputs", output) ? inputs.filter((_, i) => walksWhole(node, "inputs", i)) : [];
  if (node.op !== "product" || !body) return [];
  return inputs.filter((_, i) => !body.nodes[0]!.inputs.includes(body.inputs[i]!.value));
}
