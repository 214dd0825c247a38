import type { LowerContext, ProductEpilogue, Region } from "../graph/lower.js";
import { findOp } from "../graph/ops/index.js";
import { type Graph, type Node, sizeOf, type Value } from "../graph/types.js";
import { bodyKey, evaluate, isPlace } from "./elementwise.js";

/** A product whose results are made of its sums while they are in registers (graph/ops/product.ts). */
export function lowerProduct(context: LowerContext, node: Node): void {
  const body = node.body!;
  const [main, ...rest] = body.nodes as [Node, ...Node[]];
  const sums = main.outputs[0]!;
  const regionOf = new Map<Value, Region>(body.inputs.map(({ value }, i) => [value, context.inputs[i]!]));
  const operands = body.inputs.filter(({ value }) => rest.some((n) => n.inputs.includes(value)));
  const behind: Graph = { ...body, inputs: [{ name: "sums", value: sums }, ...operands], nodes: rest };
  const columns = sums.type.shape[sums.type.shape.length - 1];
  const kindOf = ({ type }: Value): ProductEpilogue["operands"][number] => {
    if (sizeOf(type.shape) === sizeOf(sums.type.shape)) return "same";
    return sizeOf(type.shape) === 1 && columns !== 1 ? "number" : "column";
  };
  const added = new Map<Value, Value>(rest.filter(isPlace).map((n) => [n.outputs[0]!, n.inputs[0]!]));
  const epilogue: ProductEpilogue = {
    key: bodyKey(behind),
    operands: operands.map(({ value }) => kindOf(value)),
    operandRegions: operands.map(({ value }) => regionOf.get(value)!),
    outputs: context.outputs.length,
    ...(added.size > 0 ? { sums: behind.outputs.map(({ value }) => added.has(value)) } : {}),
    results: context.outputs,
    body: (k, values) => {
      const reads = behind.inputs.map(({ value }) => value);
      return evaluate(
        k,
        rest,
        reads,
        values,
        behind.outputs.map(({ value }) => added.get(value) ?? value),
      );
    },
  };
  findOp(main.op).lower!({
    ...context,
    inputs: main.inputs.map((v) => regionOf.get(v)!),
    attributes: main.attributes,
    // Only its type is asked for.
    outputs: [{ ...context.outputs[0]!, type: sums.type }],
    epilogue,
  });
}
