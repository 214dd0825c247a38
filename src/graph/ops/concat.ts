import { UserError } from "../../base/errors.js";
import { numberOf } from "../attributes.js";
import { copyStrided } from "../lowering.js";
import type { OpDefinition } from "../op.js";
import { movedType } from "../quantized.js";
import { normalAxes, stridesOf } from "../shapes.js";
import type { Attributes, TensorType } from "../types.js";
import { concatTime } from "../time.js";

/** The shape of tensors one after another along the attribute axis. */
export function concatShape(inputs: readonly TensorType[], attributes: Attributes): number[] {
  const first = inputs[0]!;
  const axis = normalAxes([numberOf(attributes, "axis")], first.shape.length)[0]!;
  for (const t of inputs)
    if (t.shape.length !== first.shape.length || t.shape.some((n, i) => i !== axis && n !== first.shape[i]))
      throw new UserError(`all axes but ${axis} must be equal`);
  const shape = [...first.shape];
  shape[axis] = inputs.reduce((sum, t) => sum + t.shape[axis]!, 0);
  return shape;
}

/** Tensors one after another along an axis. */
export const concat: OpDefinition = {
  name: "concat",
  documentation: "The inputs one after another along the attribute axis; all other axes are equal.",
  time: concatTime,
  infer: (inputs, attributes) => {
    const shape = concatShape(inputs, attributes);
    const of = (t: TensorType): string => JSON.stringify([t.dtype, t.quantization]);
    if (inputs.some((t) => of(t) !== of(inputs[0]!)))
      throw new UserError("all inputs must have one element type, scale and zero point (quantized_concat takes several)");
    return [movedType(inputs[0]!, shape)];
  },
  batching: (inputs, [y]) =>
    inputs[0]!.shape[0] === y!.shape[0] ? { sliced: inputs.map((_, i) => i), gives: "rows" } : undefined,
  gradient: ({ node, upstream: [dy], needs, op }) => {
    if (!dy) return node.inputs.map(() => undefined);
    const axis = normalAxes([numberOf(node.attributes, "axis")], dy.type.shape.length)[0]!;
    let at = 0;
    return node.inputs.map((x, i) => {
      const begin = dy.type.shape.map((_, d) => (d === axis ? at : 0));
      at += x.type.shape[axis]!;
      const end = dy.type.shape.map((n, d) => (d === axis ? at : n));
      return needs(i) ? op("slice", [dy], { begin, end, strides: begin.map(() => 1) }) : undefined;
    });
  },
  lower: (context) => {
    const y = context.outputs[0]!;
    const axis = normalAxes([numberOf(context.attributes, "axis")], y.type.shape.length)[0]!;
    const strides = stridesOf(y.type.shape);
    let at = 0;
    for (const x of context.inputs) {
      const source = { strides: stridesOf(x.type.shape), offset: 0 };
      copyStrided(context, x.type.shape, x, source, y, { strides, offset: at * strides[axis]! });
      at += x.type.shape[axis]!;
    }
  },
};
