import { UserError } from "../../base/errors.js";
import { shapeOf } from "../attributes.js";
import { copyStrided } from "../lowering.js";
import type { OpDefinition } from "../op.js";
import { movedType } from "../quantized.js";
import { stridesOf } from "../shapes.js";
import { type Attributes } from "../types.js";
import { sliceTime } from "../time.js";

/** First index, number of elements and step along each axis. */
function range(shape: readonly number[], attributes: Attributes): { from: number; count: number; step: number }[] {
  const begin = shapeOf(attributes, "begin");
  const end = shapeOf(attributes, "end");
  const strides = shapeOf(attributes, "strides");
  if ([begin, end, strides].some((list) => list.length !== shape.length))
    throw new UserError(`begin, end and strides must name ${shape.length} axes`);
  if (![...begin, ...end, ...strides].every(Number.isInteger))
    throw new UserError("begin, end and strides must be whole numbers");
  return shape.map((size, axis) => {
    const from = begin[axis]! < 0 ? begin[axis]! + size : begin[axis]!;
    const to = Math.min(size, end[axis]! <= 0 ? end[axis]! + size : end[axis]!);
    const step = strides[axis]!;
    if (from < 0 || from >= to || step < 1)
      throw new UserError(`axis ${axis}: from ${begin[axis]} to ${end[axis]} by ${step} of ${size} is empty or outside`);
    return { from, count: Math.ceil((to - from) / step), step };
  });
}

/** A part of x, every n-th element along each axis. */
export const slice: OpDefinition = {
  name: "slice",
  documentation: "x[begin:end:strides] along every axis; an end of 0 or less counts from the end.",
  time: sliceTime,
  infer: ([x], attributes) => [
    movedType(
      x!,
      range(x!.shape, attributes).map((r) => r.count),
    ),
  ],
  batching: ([x], _, attributes) => {
    const [first, ...others] = range(x!.shape, attributes);
    if (first!.count !== x!.shape[0]) return undefined;
    const begin = [0, ...others.map((r) => r.from)];
    const end = others.map((r) => r.from + (r.count - 1) * r.step + 1);
    return { sliced: [0], gives: "rows", attributes: (rows) => ({ ...attributes, begin, end: [rows, ...end] }) };
  },
  gradient: ({ node, upstream: [dy], op }) => {
    if (!dy) return [undefined];
    const shape = node.inputs[0]!.type.shape;
    const ranges = range(shape, node.attributes);
    return [op("unslice", [dy], { shape, begin: ranges.map((r) => r.from), strides: ranges.map((r) => r.step) })];
  },
  lower: (context) => {
    const [x, y] = [context.inputs[0]!, context.outputs[0]!];
    const strides = stridesOf(x.type.shape);
    const ranges = range(x.type.shape, context.attributes);
    const source = {
      strides: ranges.map((r, i) => r.step * strides[i]!),
      offset: ranges.reduce((sum, r, i) => sum + r.from * strides[i]!, 0),
    };
    copyStrided(context, y.type.shape, x, source, y, { strides: stridesOf(y.type.shape), offset: 0 });
  },
};
