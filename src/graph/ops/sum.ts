import { reduceKernel } from "../../kernels/reduce.js";
import { booleanOf, shapeOf } from "../attributes.js";
import { floatOf } from "../lowering.js";
import type { OpDefinition } from "../op.js";
import { normalAxes, reducedShape } from "../shapes.js";
import { tensor } from "../types.js";

/** Sum over axes. */
export const sum: OpDefinition = {
  name: "sum",
  documentation: "Sum over the attribute axes (negative: from the end); keep leaves them as 1.",
  infer: ([x], attributes) => [
    tensor(x!.dtype, reducedShape(x!.shape, shapeOf(attributes, "axes"), booleanOf(attributes, "keep"))),
  ],
  gradient: ({ node, upstream: [dy], op }) => {
    if (!dy) return [undefined];
    const x = node.inputs[0]!;
    const axes = shapeOf(node.attributes, "axes");
    return [op("expand", [op("reshape", [dy], { shape: reducedShape(x.type.shape, axes, true) })], { shape: x.type.shape })];
  },
  batching: ([x], _, attributes) => {
    const overBatch = normalAxes(shapeOf(attributes, "axes"), x!.shape.length).includes(0);
    return { sliced: [0], gives: overBatch ? "sum" : "rows" };
  },
  lower: (context) => {
    const x = context.inputs[0]!;
    const { shape } = x.type;
    const axes = normalAxes(shapeOf(context.attributes, "axes"), shape.length);
    const spec = { element: floatOf(x), shape, axes, reduction: "sum" as const, scale: 1 };
    context.call(`reduce ${JSON.stringify(spec)}`, () => reduceKernel(spec, context.lanes), [x, context.outputs[0]!]);
  },
};
