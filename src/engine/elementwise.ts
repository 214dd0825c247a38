import { numberOf } from "../graph/attributes.js";
import type { LowerContext, Region } from "../graph/lower.js";
import { findOp } from "../graph/ops/index.js";
import { broadcastStrides, normalAxes, stridesOf } from "../graph/shapes.js";
import { rangeOf } from "../graph/slice_range.js";
import type { Graph, Node, Value } from "../graph/types.js";
import type { KernelBuilder } from "../kernels/kernel_builder.js";
import type { Expression } from "../kernels/language.js";
import { type MapOperand, mapKernel } from "../kernels/map.js";

/** An element-wise node, or a fused one. */
export interface ElementwiseSource {
  readonly node: Node;
}

/** Where a loop reads a value or writes it. */
interface Access {
  readonly value: Value;
  readonly operand: MapOperand;
}

/** How a fused body's loop reads and writes. */
interface Accesses {
  readonly shape: readonly number[];
  readonly reads: readonly Access[];
  readonly writes: readonly Access[];
}

const valueOf = ({ value }: { readonly value: Value }): Value => value;
/** A node of a fused body that only says where the loop reads or writes, or adds up. */
export const isPlace = (node: Node): boolean => node.op === "slice" || node.op === "concat" || node.op === "sum";

/** The strided part of an input that a slice is, walked with the loop's dimensions. */
function sliceAccess(node: Node, shape: readonly number[], buffer: number): Access {
  const [source, value] = [node.inputs[0]!, node.outputs[0]!];
  const dense = stridesOf(source.type.shape);
  const { begin, strides } = rangeOf(node);
  const lead = shape.length - value.type.shape.length;
  const walked = shape.map((_, d) => (d < lead || value.type.shape[d - lead] === 1 ? 0 : dense[d - lead]! * strides[d - lead]!));
  const offset = begin.reduce((sum, b, d) => sum + b * dense[d]!, 0);
  return { value, operand: { element: value.type.dtype, strides: walked, offset, buffer } };
}

/** The places in a concat's memory where the loop writes its parts. */
function concatAccesses(node: Node, buffer: number): Access[] {
  const { dtype, shape } = node.outputs[0]!.type;
  const axis = normalAxes([numberOf(node.attributes, "axis")], shape.length)[0]!;
  const strides = stridesOf(shape);
  let at = 0;
  return node.inputs.map((value) => {
    const offset = at * strides[axis]!;
    at += value.type.shape[axis]!;
    return { value, operand: { element: dtype, strides, offset, buffer } };
  });
}

function accessesOf(body: Graph): Accesses {
  const computed = body.nodes.filter((n) => !isPlace(n));
  const { shape } = computed[0]!.outputs[0]!.type;
  const whole = (value: Value, buffer: number): Access => ({
    value,
    operand: { element: value.type.dtype, strides: broadcastStrides(value.type.shape, shape), offset: 0, buffer },
  });
  const reads = body.inputs.flatMap(({ value }, i) => [
    ...(computed.some((n) => n.inputs.includes(value)) ? [whole(value, i)] : []),
    ...body.nodes.filter((n) => n.op === "slice" && n.inputs[0] === value).map((n) => sliceAccess(n, shape, i)),
  ]);
  const writes = body.outputs.flatMap(({ value }, i) => {
    const place = body.nodes.find((n) => isPlace(n) && n.outputs[0] === value);
    if (place?.op === "concat") return concatAccesses(place, i);
    const access = whole(value, i);
    return place ? [{ value: place.inputs[0]!, operand: { ...access.operand, sums: true } }] : [access];
  });
  return { shape, reads, writes };
}

/** Whether the loop walks the input, or the output, of that number as a whole, element by element: then one may be written over the other. */
export function walksWhole(node: Node, side: "inputs" | "outputs", i: number): boolean {
  if (!node.body) return true;
  const { value } = node.body[side][i]!;
  return !node.body.nodes.some((n) => isPlace(n) && (n.inputs[0] === value || n.outputs[0] === value));
}

/** The expressions of some values at one place, from those of what the nodes read there. */
export function evaluate(
  k: KernelBuilder,
  nodes: readonly Node[],
  reads: readonly Value[],
  inputs: readonly Expression[],
  wanted: readonly Value[],
): Expression[] {
  const values = new Map<Value, Expression>();
  reads.forEach((value, i) => values.set(value, inputs[i]!));
  for (const node of nodes) {
    if (isPlace(node)) continue;
    const operands = node.inputs.map((v) => values.get(v)!);
    values.set(node.outputs[0]!, k.let(findOp(node.op).expression!(k, operands, node.attributes)));
  }
  return wanted.map((value) => values.get(value)!);
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

/** One loop over the common shape. */
export function lowerElementwise(context: LowerContext, { node }: ElementwiseSource): void {
  const { attributes, body } = context;
  const accesses = body && accessesOf(body);
  const shape = accesses?.shape ?? context.outputs[0]!.type.shape;
  const operand = ({ type }: Region): MapOperand => ({
    element: type.dtype,
    strides: broadcastStrides(type.shape, shape),
    offset: 0,
  });
  const inputs = accesses?.reads.map((a) => a.operand) ?? context.inputs.map(operand);
  const outputs = accesses?.writes.map((a) => a.operand) ?? context.outputs.map(operand);
  const what = body ? bodyKey(body) : `${node.op} ${JSON.stringify(attributes)}`;
  const key = `map ${what} ${JSON.stringify([shape, inputs, outputs])}`;
  const compute = (k: KernelBuilder, values: readonly Expression[]): readonly Expression[] =>
    body && accesses
      ? evaluate(k, body.nodes, accesses.reads.map(valueOf), values, accesses.writes.map(valueOf))
      : [k.let(findOp(node.op).expression!(k, values, attributes))];
  context.call(key, () => mapKernel({ shape, inputs, outputs, body: compute }, context.lanes), [
    ...context.inputs,
    ...context.outputs,
  ]);
}
