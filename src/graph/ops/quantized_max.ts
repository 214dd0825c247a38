import { integerReduceKernel } from "../../kernels/integer_reduce.js";
import { max } from "../../kernels/language.js";
import { booleanOf, shapeOf } from "../attributes.js";
import type { OpDefinition } from "../op.js";
import { integerRange, movedType, requireQuantized } from "../quantized.js";
import { normalAxes, reducedShape } from "../shapes.js";

/** Largest integer over axes. */
export const quantizedMax: OpDefinition = {
  name: "quantized_max",
  documentation:
    "Largest element of x (i8 or i16) over the attribute axes (negative: from the end), at x's scale, as TFLite's REDUCE_MAX; keep leaves them as 1.",
  infer: ([x], attributes) => {
    requireQuantized(x);
    return [movedType(x!, reducedShape(x!.shape, shapeOf(attributes, "axes"), booleanOf(attributes, "keep")))];
  },
  lower: (context) => {
    const [x, y] = [context.inputs[0]!, context.outputs[0]!];
    const { dtype: element, shape } = x.type;
    const axes = normalAxes(shapeOf(context.attributes, "axes"), shape.length);
    const [initial] = integerRange(element);
    const spec = { name: "integer_max", element, shape, axes, initial };
    const make = () => integerReduceKernel({ ...spec, combine: max, finish: (_, result) => result });
    context.call(`integer max ${JSON.stringify(spec)}`, make, [x, y]);
  },
};
