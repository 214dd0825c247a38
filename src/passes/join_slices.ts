import { shapeOf } from "../graph/attributes.js";
import { normalAxes } from "../graph/shapes.js";
import type { Graph, Node, Value } from "../graph/types.js";
import { needed } from "./clone.js";
import { GraphRebuilder } from "./rebuild.js";

/** A part of a value along one axis. */
interface Part {
  readonly value: Value;
  readonly from: number;
  readonly to: number;
}

/** The axis along which the unslices put neighbouring pieces, and the pieces in order; undefined where they do not cover it exactly. */
function pieces(unslices: readonly Node[]): { axis: number; parts: Part[] } | undefined {
  const { shape } = unslices[0]!.outputs[0]!.type;
  const axes = shape.flatMap((n, d) => (unslices.some((u) => u.inputs[0]!.type.shape[d] !== n) ? [d] : []));
  const [axis] = axes;
  if (axis === undefined || axes.length > 1) return undefined;
  if (unslices.some((u) => shapeOf(u.attributes, "strides")[axis] !== 1)) return undefined;
  const parts = unslices
    .map((u): Part => {
      const from = shapeOf(u.attributes, "begin")[axis]!;
      return { value: u.inputs[0]!, from, to: from + u.inputs[0]!.type.shape[axis]! };
    })
    .sort((a, b) => a.from - b.from);
  const covers = parts.every(({ from }, i) => from === (i === 0 ? 0 : parts[i - 1]!.to));
  return covers && parts[parts.length - 1]!.to === shape[axis] ? { axis, parts } : undefined;
}

/** What the parts are sums of over the same axes, and the axis that they lie along there; undefined where they are anything else. */
function sumsOf(
  { axis, parts }: { readonly axis: number; readonly parts: readonly Part[] },
  producer: ReadonlyMap<Value, Node>,
): { axis: number; axes: number[]; values: Value[] } | undefined {
  const nodes = parts.map(({ value }) => producer.get(value));
  const found = nodes.map((node) => {
    if (node?.op !== "sum" || node.attributes.keep === true) return undefined;
    const [value] = node.inputs as [Value];
    const rank = value.type.shape.length;
    return { value, rank, axes: normalAxes(shapeOf(node.attributes, "axes"), rank) };
  });
  const [first] = found;
  if (!first || found.some((f) => f?.rank !== first.rank || f.axes.join() !== first.axes.join())) return undefined;
  const left = first.value.type.shape.map((_, d) => d).filter((d) => !first.axes.includes(d));
  return { axis: left[axis]!, axes: first.axes, values: found.map((f) => f!.value) };
}

/**
 * A sum of unslices that together fill an axis is a concat: what the gradients of a value's slices become. Where these are
 * sums, of a gate's gradient over the batch, they are one sum of a concat, which is often there already. In the graph and in the cells of its
 * scans.
 */
export function joinSlices(graph: Graph): Graph {
  const inner = (n: Node): Node => (n.op === "scan" && n.body ? { ...n, body: joinSlices(n.body) } : n);
  const whole = graph.nodes.some((n) => n.op === "scan") ? { ...graph, nodes: graph.nodes.map(inner) } : graph;
  if (!whole.nodes.some((n) => n.op === "unslice")) return whole;
  const producer = new Map(whole.nodes.flatMap((n) => n.outputs.map((v) => [v, n] as const)));
  /** The unslices that the value is the sum of; undefined where it is the sum of anything else. */
  const terms = (value: Value): Node[] | undefined => {
    const node = producer.get(value);
    if (node?.op === "unslice") return [node];
    if (node?.op !== "add" || node.inputs.some((v) => v.type.shape.join() !== value.type.shape.join())) return undefined;
    const [a, b] = node.inputs.map(terms);
    return a && b && [...a, ...b];
  };
  const joined = new Map<Node, NonNullable<ReturnType<typeof pieces>>>();
  for (const node of whole.nodes) {
    const found = node.op === "add" ? terms(node.outputs[0]!) : undefined;
    const parts = found && pieces(found);
    if (parts) joined.set(node, parts);
  }
  if (joined.size === 0) return whole;
  const g = new GraphRebuilder(whole);
  for (const node of whole.nodes) {
    const join = joined.get(node);
    if (!join) g.copy(node);
    else {
      const sums = sumsOf(join, producer);
      if (sums) {
        const inputs = sums.values.map((v) => g.get(v));
        g.set(node.outputs[0]!, g.op("sum", [g.op("concat", inputs, { axis: sums.axis })], { axes: sums.axes, keep: false }));
        continue;
      }
      const values = join.parts.map(({ value }) => g.get(value));
      g.set(node.outputs[0]!, g.op("concat", values, { axis: join.axis }));
    }
  }
  const result = g.finish();
  const wanted = [...result.outputs.map((o) => o.value), ...result.states.map((s) => s.output)];
  return { ...result, nodes: needed(result, wanted) };
}
