import type { LowerContext } from "../graph/lower.js";
import { findOp } from "../graph/ops/index.js";
import { broadcastStrides } from "../graph/shapes.js";
import type { Attributes, Graph, Node, Value } from "../graph/types.js";
import type { Expression, KernelBuilder } from "../kernels/language.js";
import { type MapOperand, mapKernel } from "../kernels/map.js";

/** An element-wise node, or a fused one. */
export interface ElementwiseSource {
  readonly node: Node;
}

/** The expressions of a fused body at one place. */
export function evaluate(k: KernelBuilder, body: Graph, inputs: readonly Expression[]): Expression[] {
  const values = new Map<Value, Expression>();
  body.inputs.forEach(({ value }, i) => values.set(value, inputs[i]!));
  for (const node of body.nodes) {
    const operands = node.inputs.map((v) => values.get(v)!);
    values.set(node.outputs[0]!, k.let(findOp(node.op).expression!(k, operands, node.attributes)));
  }
  return body.outputs.map(({ value }) => values.get(value)!);
}

/** A text equal for equal bodies: ops and attributes with values numbered in order. */
export function bodyKey(body: Graph): string {
  const numbers = new Map<Value, number>();
  const number = (v: Value): number => {
    if (!numbers.has(v)) numbers.set(v, numbers.size);
    return numbers.get(v)!;
  };
  const inputs = body.inputs.map(({ value }) => number(value));
  const nodes = body.nodes.map((n) => [n.op, n.inputs.map(number), n.attributes, number(n.outputs[0]!)]);
  return JSON.stringify([inputs, nodes, body.outputs.map(({ value }) => number(value))]);
}

/** One loop over the output's shape. */
export function lowerElementwise(context: LowerContext, { node }: ElementwiseSource): void {
  const { shape } = context.outputs[0]!.type;
  const operand = (type: { dtype: MapOperand["element"]; shape: readonly number[] }): MapOperand => ({
    element: type.dtype,
    strides: broadcastStrides(type.shape, shape),
    offset: 0,
  });
  const inputs = context.inputs.map((r) => operand(r.type));
  const outputs = context.outputs.map((r) => operand(r.type));
  const attributes: Attributes = context.attributes;
  const { body } = context;
  const what = body ? bodyKey(body) : `${node.op} ${JSON.stringify(attributes)}`;
  const key = `map ${what} ${JSON.stringify([shape, inputs, outputs])}`;
  const compute = (k: KernelBuilder, values: readonly Expression[]): readonly Expression[] =>
    body ? evaluate(k, body, values) : [k.let(findOp(node.op).expression!(k, values, attributes))];
  context.call(key, () => mapKernel({ shape, inputs, outputs, body: compute }, context.lanes), [
    ...context.inputs,
    ...context.outputs,
  ]);
}
