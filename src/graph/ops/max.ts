import { reduceKernel } from "../../kernels/reduce.js";
import { booleanOf, shapeOf } from "../attributes.js";
import { floatOf } from "../lowering.js";
import type { OpDefinition } from "../op.js";
import { normalAxes, reducedShape } from "../shapes.js";
import { tensor } from "../types.js";

/** Largest element over axes. */
export const max: OpDefinition = {
  name: "max",
  documentation: "Largest element over the attribute axes (negative: from the end); keep leaves them as 1.",
  infer: ([x], attributes) => [
    tensor(x!.dtype, reducedShape(x!.shape, shapeOf(attributes, "axes"), booleanOf(attributes, "keep"))),
  ],
  gradient: ({ node, upstream: [dy], op }) => {
    if (!dy) return [undefined];
    const x = node.inputs[0]!;
    const axes = shapeOf(node.attributes, "axes");
    const shape = reducedShape(x.type.shape, axes, true);
    const largest = op("reshape", [node.outputs[0]!], { shape });
    // Equal largest elements share the gradient evenly.
    const smaller = op("greater", [largest, x]);
    const ties = op("affine", [smaller], { scale: -1, offset: 1 });
    const share = op("div", [op("reshape", [dy], { shape }), op("sum", [ties], { axes: [...axes], keep: true })]);
    return [op("mul", [ties, share])];
  },
  batching: ([x], _, attributes) =>
    normalAxes(shapeOf(attributes, "axes"), x!.shape.length).includes(0) ? undefined : { sliced: [0], gives: "rows" },
  lower: (context) => {
    const x = context.inputs[0]!;
    const { shape } = x.type;
    const axes = normalAxes(shapeOf(context.attributes, "axes"), shape.length);
    const spec = { element: floatOf(x), shape, axes, reduction: "max" as const, scale: 1 };
    context.call(`reduce ${JSON.stringify(spec)}`, () => reduceKernel(spec, context.lanes), [x, context.outputs[0]!]);
  },
};
