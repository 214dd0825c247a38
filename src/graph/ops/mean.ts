import { reduceKernel } from "../../kernels/reduce.js";
import { booleanOf, shapeOf } from "../attributes.js";
import { floatOf } from "../lowering.js";
import type { OpDefinition } from "../op.js";
import { normalAxes, reducedShape } from "../shapes.js";
import { sizeOf, tensor } from "../types.js";

/** Mean over axes. */
export const mean: OpDefinition = {
  name: "mean",
  documentation: "Mean over the attribute axes (negative: from the end); keep leaves them as 1.",
  infer: ([x], attributes) => [
    tensor(x!.dtype, reducedShape(x!.shape, shapeOf(attributes, "axes"), booleanOf(attributes, "keep"))),
  ],
  gradient: ({ node, upstream: [dy], op }) => {
    if (!dy) return [undefined];
    const x = node.inputs[0]!;
    const axes = shapeOf(node.attributes, "axes");
    const kept = op("reshape", [dy], { shape: reducedShape(x.type.shape, axes, true) });
    const scale = sizeOf(dy.type.shape) / sizeOf(x.type.shape);
    return [op("expand", [op("affine", [kept], { scale, offset: 0 })], { shape: x.type.shape })];
  },
  batching: ([x], _, attributes) =>
    normalAxes(shapeOf(attributes, "axes"), x!.shape.length).includes(0) ? undefined : { sliced: [0], gives: "rows" },
  lower: (context) => {
    const x = context.inputs[0]!;
    const { shape } = x.type;
    const axes = normalAxes(shapeOf(context.attributes, "axes"), shape.length);
    const spec = {
      element: floatOf(x),
      shape,
      axes,
      reduction: "sum" as const,
      scale: 1 / (sizeOf(x.type.shape) / sizeOf(context.outputs[0]!.type.shape)),
    };
    context.call(`reduce ${JSON.stringify(spec)}`, () => reduceKernel(spec, context.lanes), [x, context.outputs[0]!]);
  },
};
