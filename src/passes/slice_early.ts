import { findOp } from "../graph/ops/index.js";
import { rangeOf, type SliceRange } from "../graph/slice_range.js";
import type { Graph, Node, Value } from "../graph/types.js";
import { sizeOf } from "../graph/types.js";
import { needed } from "./clone.js";
import { GraphRebuilder } from "./rebuild.js";

/** The slice of an operand that broadcasts to a value, which belongs to a slice of that value. */
function ofOperand({ begin, end, strides }: SliceRange, operand: Value, rank: number): SliceRange {
  const lead = rank - operand.type.shape.length;
  const axes = operand.type.shape.map((n, d) => (n === 1 ? [0, 1, 1] : [begin[d + lead]!, end[d + lead]!, strides[d + lead]!]));
  return { begin: axes.map((a) => a[0]!), end: axes.map((a) => a[1]!), strides: axes.map((a) => a[2]!) };
}

const isWhole = ({ begin, end, strides }: SliceRange, { type }: Value): boolean =>
  type.shape.every((n, d) => begin[d] === 0 && end[d] === n && strides[d] === 1);

/** The slice of a slice as one slice of the first value. */
function composed(inner: SliceRange, outer: SliceRange): SliceRange {
  const at = (i: number, d: number): number => inner.begin[d]! + i * inner.strides[d]!;
  return {
    begin: outer.begin.map(at),
    end: outer.end.map((e, d) => at(e - 1, d) + 1),
    strides: outer.strides.map((s, d) => s * inner.strides[d]!),
  };
}

const kept = (graph: Graph): Value[] => [...graph.outputs.map((o) => o.value), ...graph.states.map((s) => s.output)];

/** Nodes whose results are only looked at through slices that take no element twice, so that the slices may go before them. */
function movable(graph: Graph, staying: ReadonlySet<string>): Set<Node> {
  const users = new Map<Value, Node[]>();
  for (const node of graph.nodes) for (const v of new Set(node.inputs)) users.set(v, [...(users.get(v) ?? []), node]);
  const wanted = new Set(kept(graph));
  const found = new Set<Node>();
  for (const node of graph.nodes) {
    const [value] = node.outputs;
    if (!value || node.outputs.length > 1 || wanted.has(value)) continue;
    if (staying.has(node.op) || (node.op !== "slice" && !findOp(node.op).expression)) continue;
    if ([value, ...node.inputs].some(({ type }) => type.quantization || (type.dtype !== "f32" && type.dtype !== "f64"))) continue;
    const slices = users.get(value) ?? [];
    const sliced = slices.reduce((sum, s) => sum + sizeOf(s.outputs[0]!.type.shape), 0);
    if (slices.length > 0 && slices.every((s) => s.op === "slice") && sliced <= sizeOf(value.type.shape)) found.add(node);
  }
  return found;
}

/** One round: every movable node whose operands are not movable themselves changes places with its slices. */
function round(graph: Graph, staying: ReadonlySet<string>): Graph | undefined {
  const moving = movable(graph, staying);
  if (moving.size === 0) return undefined;
  const producer = new Map(graph.nodes.flatMap((n) => n.outputs.map((v) => [v, n] as const)));
  const g = new GraphRebuilder(graph);
  const sliceOf = (value: Value, range: SliceRange): Value =>
    isWhole(range, value) ? value : g.op("slice", [value], { ...range });
  for (const node of graph.nodes) {
    if (moving.has(node)) {
      // Kept for operands of nodes that move in a later round; simplify drops it.
      g.copy(node);
      continue;
    }
    const source = node.op === "slice" ? producer.get(node.inputs[0]!) : undefined;
    if (!source || !moving.has(source)) {
      g.copy(node);
      continue;
    }
    const range = rangeOf(node);
    const operands = source.inputs.map((v) => g.get(v));
    const rank = source.outputs[0]!.type.shape.length;
    const result =
      source.op === "slice"
        ? sliceOf(operands[0]!, composed(rangeOf(source), range))
        : g.op(
            source.op,
            operands.map((v) => sliceOf(v, ofOperand(range, v, rank))),
            source.attributes,
          );
    g.set(node.outputs[0]!, result);
  }
  return g.finish();
}

/**
 * A slice of an element-wise value becomes that value of slices, in the graph and in the cells of its scans: the gates of a
 * recurrent cell, computed together and then cut apart, become values of their own, which passes/fuse.ts makes one loop of, and
 * whose gradients need no zeros around them. Changes no result.
 * @param staying ops that slices do not pass
 */
export function sliceEarly(graph: Graph, staying: ReadonlySet<string> = new Set()): Graph {
  const scans = graph.nodes.some((n) => n.op === "scan");
  const inner = (n: Node): Node => (n.op === "scan" && n.body ? { ...n, body: sliceEarly(n.body, staying) } : n);
  let current: Graph = scans ? { ...graph, nodes: graph.nodes.map(inner) } : graph;
  for (let next = round(current, staying); next; next = round(current, staying))
    current = { ...next, nodes: needed(next, kept(next)) };
  return current;
}
