import { findOp } from "../graph/ops/index.js";
import { dtypeBytes, type Graph, type Node, sizeOf, type TensorType, type Value } from "../graph/types.js";
import { walksWhole } from "./elementwise.js";
import type { Storage } from "./memory.js";
import { overlap, type Place } from "./place.js";

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
    (p) => !overlap(p, target) || (walked.includes(p) && sizeOf(p.type.shape) === size && p.strides.length === 0),
  );
}

/** Whether a result of that type has room in the memory of a place that is its storage's whole. */
export function fitsInto(type: TensorType, { storage, base, strides }: Place): boolean {
  const bytes = sizeOf(type.shape) * dtypeBytes[type.dtype];
  return !storage.persistent && bytes <= storage.bytes && base === 0 && strides.length === 0;
}

/** Whether an element-wise kernel's result of that type may be written over one of its inputs. */
export function mayBecome(type: TensorType, place: Place, walked: readonly Place[], inputs: readonly Place[]): boolean {
  const isAlike = place.type.dtype === type.dtype && sizeOf(place.type.shape) === sizeOf(type.shape);
  return isAlike && !place.storage.persistent && mayWrite(place, walked, inputs);
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

/** Memory of inputs that some output shows in another shape: it is read until the graph is done. */
function seenThroughViews(graph: Graph, places: ReadonlyMap<Value, Place>): Set<Storage> {
  const producer = new Map(graph.nodes.flatMap((n) => n.outputs.map((v) => [v, n] as const)));
  const root = (value: Value): Value => {
    const node = producer.get(value);
    return node && findOp(node.op).view ? root(node.inputs[0]!) : value;
  };
  const views = graph.outputs.map((o) => o.value).filter((v) => root(v) !== v);
  return new Set(views.flatMap((v) => places.get(root(v))?.storage ?? []));
}

/** Where a cell's results are to be written: its outputs' targets, but for outputs that are inputs, and for memory that is read until the end. */
export function wantedPlaces(
  graph: Graph,
  places: ReadonlyMap<Value, Place>,
  targets: readonly (Place | undefined)[],
): Map<Value, Place> {
  const seen = seenThroughViews(graph, places);
  const wanted = new Map<Value, Place>();
  graph.outputs.forEach(({ value }, i) => {
    const target = targets[i];
    if (target && !wanted.has(value) && !places.has(value) && !seen.has(target.storage)) wanted.set(value, target);
  });
  return wanted;
}
