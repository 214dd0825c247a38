import { UserError } from "../../base/errors.js";
import { shapeOf } from "../attributes.js";
import type { OpDefinition } from "../op.js";
import { movedType } from "../quantized.js";
import { type Attributes, type TensorType } from "../types.js";
import { unslice } from "./unslice.js";
import { padTime } from "../time.js";

function padded(x: TensorType, attributes: Attributes): number[] {
  const before = shapeOf(attributes, "before");
  const after = shapeOf(attributes, "after");
  if (before.length !== x.shape.length || after.length !== x.shape.length)
    throw new UserError(`before and after must name ${x.shape.length} axes`);
  return x.shape.map((n, i) => n + before[i]! + after[i]!);
}

/** Zeros before and after along each axis. */
export const pad: OpDefinition = {
  name: "pad",
  documentation: "x with `before` zeros before and `after` zeros after it along each axis (of integers the zero point).",
  time: padTime,
  infer: ([x], attributes) => [movedType(x!, padded(x!, attributes))],
  batching: ([x], [y]) => (x!.shape[0] === y!.shape[0] ? { sliced: [0], gives: "rows" } : undefined),
  gradient: ({ node, upstream: [dy], op }) => {
    const x = node.inputs[0]!;
    const begin = shapeOf(node.attributes, "before");
    return [dy && op("slice", [dy], { begin, end: x.type.shape.map((n, i) => n + begin[i]!), strides: begin.map(() => 1) })];
  },
  lower: (context) => {
    const begin = shapeOf(context.attributes, "before");
    const attributes = { shape: context.outputs[0]!.type.shape, begin, strides: begin.map(() => 1) };
    unslice.lower!({ ...bound(context), attributes });
  },
};

/** The context's methods under new attributes. */
function bound(context: Parameters<NonNullable<OpDefinition["lower"]>>[0]): Parameters<NonNullable<OpDefinition["lower"]>>[0] {
  return {
    inputs: context.inputs,
    outputs: context.outputs,
    attributes: context.attributes,
    ...(context.next ? { next: context.next } : {}),
    lanes: context.lanes,
    registers: context.registers,
    alone: context.alone,
    repeats: (region) => context.repeats(region),
    workspace: (dtype, elements) => context.workspace(dtype, elements),
    constant: (data) => context.constant(data),
    call: (key, make, regions) => context.call(key, make, regions),
    copy: (from, to) => context.copy(from, to),
    part: (region, index) => context.part(region, index),
    loop: (count, reverse, body) => context.loop(count, reverse, body),
    batchLoop: (groups, parts, first, body) => context.batchLoop(groups, parts, first, body),
  };
}
