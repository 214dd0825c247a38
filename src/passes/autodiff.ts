import { InternalError, UserError } from "../base/errors.js";
import type { GraphBuilder } from "../graph/builder.js";
import { findOp } from "../graph/ops/index.js";
import type { Node, Value } from "../graph/types.js";
import { scanGradient } from "./autodiff_scan.js";
import { dependents } from "./clone.js";

/** Gradients of `root` (summed over its elements, weighted by `seed`) with respect to every value of `wanted`. */
export interface GradientRequest {
  readonly nodes: readonly Node[];
  /** Gradient of the loss with respect to each of these values. */
  readonly seeds: ReadonlyMap<Value, Value>;
  readonly wanted: readonly Value[];
}

/** Reverse-mode differentiation: appends gradient nodes to the builder that holds the nodes. */
export function differentiate(builder: GraphBuilder, request: GradientRequest): Map<Value, Value> {
  const active = dependents(request.nodes, request.wanted);
  const gradients = new Map<Value, Value>(request.seeds);
  const accumulate = (value: Value, gradient: Value): void => {
    const before = gradients.get(value);
    if (gradient.type.shape.join() !== value.type.shape.join())
      throw new InternalError(`a gradient of shape [${gradient.type.shape}] for a value of shape [${value.type.shape}]`);
    gradients.set(value, before ? builder.op("add", [before, gradient]) : gradient);
  };
  for (const node of request.nodes.toReversed()) {
    const upstream = node.outputs.map((v) => gradients.get(v));
    if (upstream.every((g) => !g) || !node.inputs.some((v) => active.has(v))) continue;
    const needs = (i: number): boolean => active.has(node.inputs[i]!);
    const results =
      node.op === "scan" ? scanGradient(differentiate, builder, node, upstream, needs) : rule(builder, node, upstream, needs);
    results.forEach((gradient, i) => {
      if (gradient && needs(i)) accumulate(node.inputs[i]!, gradient);
    });
  }
  return gradients;
}

function rule(
  builder: GraphBuilder,
  node: Node,
  upstream: readonly (Value | undefined)[],
  needs: (i: number) => boolean,
): (Value | undefined)[] {
  const { gradient } = findOp(node.op);
  if (!gradient) throw new UserError(`${node.op} has no gradient`);
  return gradient({
    node,
    upstream,
    needs,
    apply: (op, inputs, attributes, body) => builder.apply(op, inputs, attributes, body),
    op: (op, inputs, attributes) => builder.op(op, inputs, attributes),
  });
}
