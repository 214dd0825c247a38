import { shapeOf, textOf } from "../graph/attributes.js";
import { type Geometry, geometryOf } from "../graph/convolution.js";
import { type Attributes, type Graph, type Node, sizeOf, type Value } from "../graph/types.js";
import { GraphRebuilder } from "./rebuild.js";

/** Kernels of fewer weights are not worth cutting. */
const leastWeights = 1 << 16;

/** Zeros [top, bottom, left, right] that a pad puts around a map; undefined where it does more. */
function padsOf({ attributes }: Node): number[] | undefined {
  const [before, after] = [shapeOf(attributes, "before"), shapeOf(attributes, "after")];
  if (before.length !== 4 || [before, after].some((n) => n[0] !== 0 || n[3] !== 0 || n.some((zeros) => zeros < 0)))
    return undefined;
  return [before[1]!, after[1]!, before[2]!, after[2]!];
}

/** Taps of one axis, from the first that sees something of the map to the last, and the zeros that are left then. */
function seeing(g: Geometry, d: 0 | 1): { from: number; to: number; before: number; after: number } | undefined {
  const whole = { from: 0, to: g.kernel[d], before: g.before[d], after: g.after[d] };
  const sees = (tap: number): boolean =>
    Array.from({ length: g.output[d] }, (_, o) => o * g.strides[d] + tap * g.dilations[d] - g.before[d]).some(
      (at) => at >= 0 && at < g.input[d],
    );
  const taps = Array.from({ length: g.kernel[d] }, (_, tap) => tap).filter(sees);
  if (taps.length === 0) return undefined;
  const [from, to] = [taps[0]!, taps.at(-1)! + 1];
  const before = g.before[d] - from * g.dilations[d];
  const reach = (to - from - 1) * g.dilations[d] + 1;
  const after = (g.output[d] - 1) * g.strides[d] + reach - g.input[d] - before;
  return before < 0 || after < 0 ? whole : { from, to, before, after };
}

/**
 * Zeros that a graph puts around a map become those of the convolution behind it: its gradient is then that of the map alone. Of a
 * large kernel that reaches beyond a small map on all its places, the part that sees nothing but zeros is cut off. Changes no result. To be
 * run on a model before its gradient is taken; convolutions with explicit zeros are not for files or streams.
 */
export function padWithin(graph: Graph): Graph {
  const producers = new Map(graph.nodes.flatMap((n) => n.outputs.map((v) => [v, n] as const)));
  const g = new GraphRebuilder(graph);
  for (const node of graph.nodes) {
    const [map, kernel] = node.inputs;
    if (node.op !== "conv2d" || !map || !kernel) {
      g.copy(node);
      continue;
    }
    const producer = producers.get(map);
    const pads = producer?.op === "pad" && textOf(node.attributes, "padding") === "valid" ? padsOf(producer) : undefined;
    const source = pads ? producer!.inputs[0]! : map;
    const attributes: Attributes = pads ? { ...node.attributes, padding: "explicit", pads } : node.attributes;
    g.set(node.outputs[0]!, convolution(g, source, kernel, attributes));
  }
  return g.finish();
}

function convolution(g: GraphRebuilder, map: Value, kernel: Value, attributes: Attributes): Value {
  const geometry = geometryOf(map.type, kernel.type.shape, attributes);
  const [rows, columns] = [seeing(geometry, 0), seeing(geometry, 1)];
  const inputs = [g.get(map), g.get(kernel)] as const;
  const isWhole =
    !rows || !columns || (rows.to - rows.from === geometry.kernel[0] && columns.to - columns.from === geometry.kernel[1]);
  if (isWhole || sizeOf(kernel.type.shape) < leastWeights) return g.op("conv2d", inputs, attributes);
  const part = {
    begin: [rows.from, columns.from, 0, 0],
    end: [rows.to, columns.to, ...kernel.type.shape.slice(2)],
    strides: [1, 1, 1, 1],
  };
  const pads = [rows.before, rows.after, columns.before, columns.after];
  return g.op("conv2d", [inputs[0], g.op("slice", [inputs[1]], part)], { ...attributes, padding: "explicit", pads });
}
