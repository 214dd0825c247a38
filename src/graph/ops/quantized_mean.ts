import { UserError } from "../../base/errors.js";
import { integerMeanKernel } from "../../kernels/integer_mean.js";
import { meanMultiplier } from "../../kernels/fixed_point.js";
import { booleanOf, shapeOf } from "../attributes.js";
import type { OpDefinition } from "../op.js";
import { clampOf, outputType, requireQuantized, scaleOf } from "../quantized.js";
import { normalAxes, reducedShape } from "../shapes.js";
import { sizeOf } from "../types.js";

/** Mean of integers over axes, requantized. */
export const quantizedMean: OpDefinition = {
  name: "quantized_mean",
  documentation:
    "Mean of x (i8 or i16) over the attribute axes (negative: from the end); keep leaves them as 1. The sum of (x - zero point) is divided by the count and brought to " +
    "outputScale in one multiplication, as TFLite's MEAN; attributes outputScale, outputZeroPoint, outputType (the input's), low, high.",
  infer: ([x], attributes) => {
    requireQuantized(x);
    const shape = reducedShape(x!.shape, shapeOf(attributes, "axes"), booleanOf(attributes, "keep"));
    const y = outputType(attributes, shape, [x!.dtype]);
    if (sizeOf(x!.shape) / sizeOf(shape) > 2 ** 15)
      throw new UserError("a mean of more than 32,768 integers does not fit in 32 bits");
    clampOf(attributes, y.dtype);
    return [y];
  },
  lower: (context) => {
    const [x, y] = [context.inputs[0]!, context.outputs[0]!];
    const from = scaleOf(x.type);
    const to = scaleOf(y.type);
    const axes = normalAxes(shapeOf(context.attributes, "axes"), x.type.shape.length);
    const count = sizeOf(x.type.shape) / sizeOf(y.type.shape);
    const [low, high] = clampOf(context.attributes, y.type.dtype);
    const spec = {
      element: x.type.dtype,
      shape: x.type.shape,
      axes,
      zeroPoint: from.zeroPoint,
      factor: meanMultiplier(from.scale / to.scale, count),
      yOffset: to.zeroPoint,
      low,
      high,
    };
    context.call(`integer mean ${JSON.stringify(spec)}`, () => integerMeanKernel(spec), [x, y]);
  },
};
