import { shapeOf } from "../graph/attributes.js";
import { geometryOf } from "../graph/convolution.js";
import { addsPatches } from "../graph/implicit_product.js";
import { findOp } from "../graph/ops/index.js";
import { type Graph, type Node, sizeOf, type Value } from "../graph/types.js";
import { type ValueUses, valueUses } from "../graph/uses.js";
import { bodiedNode, mostOperands } from "./bodied_node.js";

/** Products whose results lie as their kernel writes them. */
const products = new Set([
  "dense",
  "dense_weight_gradient",
  "conv2d",
  "conv2d_input_gradient",
  "conv2d_kernel_gradient",
  "depthwise_conv2d",
  "depthwise_conv2d_input_gradient",
]);

function isProduct(node: Node): boolean {
  if (!products.has(node.op)) return false;
  if (node.op === "conv2d_input_gradient") {
    const [dx] = node.outputs;
    const { shape } = node.inputs[1]!.type;
    return !addsPatches(geometryOf(dx!.type, shape, node.attributes), shape[2]!, shape[3]!);
  }
  // Only at stride 1 it is computed as a convolution.
  return node.op !== "depthwise_conv2d_input_gradient" || shapeOf(node.attributes, "strides").every((s) => s === 1);
}

const shapeText = (v: Value): string => v.type.shape.join();

/** Whether an element-wise node's operand is found at each place of a result of that shape by its index, its column, or is one number. */
function isAlong(operand: Value, result: Value): boolean {
  const { shape } = operand.type;
  const columns = result.type.shape[result.type.shape.length - 1];
  return shapeText(operand) === shapeText(result) || sizeOf(shape) === 1 || (shape.length === 1 && shape[0] === columns);
}

/**
 * The product that the element-wise node at a position can be computed with, while its sums are in registers.
 * @param firstReader position of the first node that reads a value
 * @param inBatch whether this is a part of a batch, which one thread computes: then the product's result may be needed otherwise, too
 */
function productOf(
  node: Node,
  at: number,
  uses: ValueUses,
  firstReader: ReadonlyMap<Value, number>,
  inBatch: boolean,
): Node | undefined {
  const isElementwise = node.op === "fused" || findOp(node.op).expression !== undefined;
  const hasPlaces = node.body?.nodes.some((n) => n.op === "slice" || n.op === "concat");
  if (!isElementwise || hasPlaces) return undefined;
  const sums = new Set(node.body?.nodes.flatMap((n) => (n.op === "sum" ? n.outputs : [])));
  for (const v of node.inputs) {
    const producer = uses.makerOf(v);
    if (!producer || !isProduct(producer) || v.type.dtype !== "f32") continue;
    const isShared = uses.usesOf(v) !== 1;
    if (isShared && (!inBatch || firstReader.get(v) !== at)) continue;
    const others = node.inputs.filter((other) => other !== v);
    const operands = node.inputs.length + node.outputs.length + producer.inputs.length + (isShared ? 1 : 0);
    const fits =
      node.inputs.length - others.length === 1 &&
      operands <= mostOperands &&
      node.outputs.every((o) => (sums.has(o) || shapeText(o) === shapeText(v)) && o.type.dtype === "f32") &&
      others.every((o) => o.type.dtype === "f32" && isAlong(o, v));
    if (fits) return producer;
  }
  return undefined;
}

function join(main: Node, node: Node, isShared: boolean): Node {
  const sums = main.outputs[0]!;
  const inputs = [...main.inputs, ...node.inputs.filter((v) => v !== sums)];
  // One value may be asked for twice: by the product and behind it.
  const distinct = [...new Set(inputs)];
  const inner = node.op === "fused" ? node.body!.nodes : [node];
  const outputs = isShared ? [sums, ...node.outputs] : node.outputs;
  return bodiedNode("product", distinct, outputs, [main, ...inner]);
}

/**
 * Where a product and the element-wise node behind it can be one: at the node's place, or, where a weight that the product reads is updated
 * in between (its old value would have to be kept), at the product's.
 */
function placeOf(graph: Graph, position: ReadonlyMap<Node, number>, main: Node, node: Node): Node | undefined {
  const [from, to] = [position.get(main)!, position.get(node)!];
  const between = graph.nodes.slice(from + 1, to);
  const made = new Set(between.flatMap((n) => n.outputs));
  const isUpdated = graph.states.some(({ input, output }) => made.has(output) && main.inputs.includes(input));
  if (!isUpdated) return node;
  return node.inputs.some((v) => made.has(v)) ? undefined : main;
}

/**
 * What stands behind a product element by element (a bias and an activation, the optimizer's update behind a weight's gradient)
 * is computed with it: the sums are not written and read again. To be run after fuse.
 */
export function fuseProducts(graph: Graph, inBatch = false): Graph {
  const nodes = graph.nodes.map((node) =>
    (node.op === "scan" || node.op === "batch_loop") && node.body
      ? { ...node, body: fuseProducts(node.body, node.op === "batch_loop") }
      : node,
  );
  const uses = valueUses({ ...graph, nodes });
  const firstReader = new Map<Value, number>();
  for (const [i, node] of nodes.entries()) for (const v of node.inputs) if (!firstReader.has(v)) firstReader.set(v, i);
  const position = new Map(nodes.map((n, i) => [n, i]));
  const joined = new Set<Node>();
  const instead = new Map<Node, Node | undefined>();
  for (const [i, node] of nodes.entries()) {
    const main = productOf(node, i, uses, firstReader, inBatch);
    const place = main && !joined.has(main) ? placeOf({ ...graph, nodes }, position, main, node) : undefined;
    if (!main || !place) continue;
    joined.add(main);
    instead.set(main, undefined);
    instead.set(node, undefined);
    instead.set(place, join(main, node, uses.usesOf(main.outputs[0]!) !== 1));
  }
  return { ...graph, nodes: nodes.flatMap((n) => (instead.has(n) ? (instead.get(n) ?? []) : n)) };
}
