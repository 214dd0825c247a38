import { shapeOf } from "../graph/attributes.js";
import { geometryOf } from "../graph/convolution.js";
import { addsPatches } from "../graph/implicit_product.js";
import { findOp } from "../graph/ops/index.js";
import { type Graph, type NamedValue, type Node, sizeOf, type Value } from "../graph/types.js";
import { type ValueUses, valueUses } from "../graph/uses.js";

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

/** Tensors that a kernel reads and writes. */
const mostOperands = 12;

const shapeText = (v: Value): string => v.type.shape.join();

/** Whether an element-wise node's operand is found at each place of a result of that shape by its index, its column, or is one number. */
function isAlong(operand: Value, result: Value): boolean {
  const { shape } = operand.type;
  const columns = result.type.shape[result.type.shape.length - 1];
  return shapeText(operand) === shapeText(result) || sizeOf(shape) === 1 || (shape.length === 1 && shape[0] === columns);
}

/** The product that the element-wise node can be computed with, while its sums are in registers. */
function productOf(node: Node, soleMaker: ValueUses["soleMaker"]): Node | undefined {
  const isElementwise = node.op === "fused" || findOp(node.op).expression !== undefined;
  const hasPlaces = node.body?.nodes.some((n) => n.op === "slice" || n.op === "concat");
  if (!isElementwise || hasPlaces) return undefined;
  for (const v of node.inputs) {
    const producer = soleMaker(v);
    if (!producer || !isProduct(producer) || v.type.dtype !== "f32") continue;
    const others = node.inputs.filter((other) => other !== v);
    const fits =
      node.inputs.length - others.length === 1 &&
      node.inputs.length + node.outputs.length + producer.inputs.length <= mostOperands &&
      node.outputs.every((o) => shapeText(o) === shapeText(v) && o.type.dtype === "f32") &&
      others.every((o) => o.type.dtype === "f32" && isAlong(o, v));
    if (fits) return producer;
  }
  return undefined;
}

function join(main: Node, node: Node): Node {
  const sums = main.outputs[0]!;
  const inputs = [...main.inputs, ...node.inputs.filter((v) => v !== sums)];
  // One value may be asked for twice: by the product and behind it.
  const distinct = [...new Set(inputs)];
  const name = (list: readonly Value[], prefix: string): NamedValue[] =>
    list.map((value, i) => ({ name: `${prefix}${i}`, value }));
  const inner = node.op === "fused" ? node.body!.nodes : [node];
  const body: Graph = {
    name: "product",
    inputs: name(distinct, "x"),
    parameters: [],
    states: [],
    nodes: [main, ...inner],
    outputs: name(node.outputs, "y"),
  };
  return { op: "product", inputs: distinct, outputs: node.outputs, attributes: {}, body };
}

/**
 * What stands behind a product element by element (a bias and an activation, the optimizer's update behind a weight's gradient)
 * is computed with it: the sums are not written and read again. To be run after fuse.
 */
export function fuseProducts(graph: Graph): Graph {
  const nodes = graph.nodes.map((node) =>
    (node.op === "scan" || node.op === "batch_loop") && node.body ? { ...node, body: fuseProducts(node.body) } : node,
  );
  const { soleMaker } = valueUses({ ...graph, nodes });
  const joined = new Set<Node>();
  const after = nodes.map((node) => {
    const main = productOf(node, soleMaker);
    if (!main || joined.has(main)) return node;
    joined.add(main);
    return join(main, node);
  });
  return { ...graph, nodes: after.filter((n) => !joined.has(n)) };
}
