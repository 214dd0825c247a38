import { findOp } from "./ops/index.js";
import { dtypeBytes, type Graph, type Node, type Parameter, sizeOf, type TensorType, type Value } from "./types.js";

/** What one layer of a graph costs for one run: an op that does the work and the cheap ops behind it (bias, norm, activation). */
export interface LayerCount {
  /** Path that the layer's parameters share, or the op's name where it has none. */
  readonly name: string;
  readonly op: string;
  /** What the op works on. */
  readonly input: TensorType;
  /** What the layer gives. */
  readonly output: TensorType;
  readonly multiplyAccumulates: number;
  /** Elements of all parameters and buffers. */
  readonly parameters: number;
  readonly trainable: number;
  /** Elements of the parameters that the op multiplies with. */
  readonly kernel: number;
  /** Elements of an offset that bias and batch norm can be folded into; 0 without either. */
  readonly offset: number;
}

/** Multiply-accumulates of one run of a node; those of a scan or of a loop over a batch are its body's, at every turn. */
export function multiplyAccumulatesOf(node: Node): number {
  if (node.op === "scan" && node.body) {
    const steps = node.inputs[Number(node.attributes.states)]?.type.shape[0] ?? 0;
    return steps * multiplyAccumulates(node.body);
  }
  if (node.op === "batch_loop" && node.body) return Number(node.attributes.parts) * multiplyAccumulates(node.body);
  if (node.op === "product" && node.body) return multiplyAccumulates(node.body);
  return findOp(node.op).multiplyAccumulates?.(typesOf(node.inputs), typesOf(node.outputs), node.attributes) ?? 0;
}

/** Multiply-accumulates of one run of a graph. */
export function multiplyAccumulates(graph: Graph): number {
  return graph.nodes.reduce((sum, node) => sum + multiplyAccumulatesOf(node), 0);
}

/** Elements of a graph's parameters; buffers (moving statistics) count only without `trainable`. */
export function countParameters(graph: Graph, { trainable = false } = {}): number {
  return graph.parameters.reduce((sum, p) => sum + (!trainable || p.trainable ? sizeOf(p.value.type.shape) : 0), 0);
}

/** Bytes of a tensor. */
export function bytesOf(type: TensorType): number {
  return sizeOf(type.shape) * dtypeBytes[type.dtype];
}

/** Ops without a product that still make a layer of their own. */
const reductions = new Set(["mean", "sum", "max"]);

/**
 * The layers of a graph in order. A layer begins at a product (dense, convolution, scan) or a reduction and reaches to the
 * next; what stands before the first belongs to it. A graph without any is one layer.
 */
export function countLayers(graph: Graph): LayerCount[] {
  const groups: Node[][] = [];
  let leading: Node[] = [];
  for (const node of graph.nodes) {
    const begins = reductions.has(node.op) || multiplyAccumulatesOf(node) > 0;
    if (begins) {
      groups.push([node, ...leading]);
      leading = [];
    } else (groups.at(-1) ?? leading).push(node);
  }
  if (leading.length > 0) groups.push(leading);
  const byValue = new Map(graph.parameters.map((p) => [p.value, p]));
  const counted = new Set<Parameter>();
  return groups.map((nodes) => countLayer(nodes, byValue, counted));
}

function countLayer(nodes: readonly Node[], byValue: ReadonlyMap<Value, Parameter>, counted: Set<Parameter>): LayerCount {
  const [main, ...rest] = nodes as [Node, ...Node[]];
  const parametersOf = (node: Node): Parameter[] => node.inputs.flatMap((v) => byValue.get(v) ?? []);
  const own = parametersOf(main);
  const all = [...new Set([...own, ...rest.flatMap(parametersOf)])].filter((p) => !counted.has(p));
  for (const p of all) counted.add(p);
  const last = nodes.at(-1) as Node;
  const output = (last.outputs[0] as Value).type;
  const kernel = elementsOf(own.filter((p) => p.value.type.shape.length > 1 && all.includes(p)));
  const vectors = all.filter((p) => p.value.type.shape.length === 1);
  return {
    name: own[0]?.name.replace(/\.[^.]*$/, "") ?? main.op,
    op: main.op,
    input: (main.inputs[0] as Value).type,
    output,
    multiplyAccumulates: multiplyAccumulatesOf(main),
    parameters: elementsOf(all),
    trainable: elementsOf(all.filter((p) => p.trainable)),
    kernel,
    offset: Math.max(0, ...vectors.map((p) => sizeOf(p.value.type.shape))),
  };
}

function typesOf(values: readonly Value[]): TensorType[] {
  return values.map((v) => v.type);
}

function elementsOf(parameters: readonly Parameter[]): number {
  return parameters.reduce((sum, p) => sum + sizeOf(p.value.type.shape), 0);
}
