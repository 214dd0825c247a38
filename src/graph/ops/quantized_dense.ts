import { UserError } from "../../base/errors.js";
import { integerProduct } from "../integer_lowering.js";
import type { OpDefinition } from "../op.js";
import { checkBias, checkSums } from "../quantized_product.js";
import { clampOf, outputType, productMultipliers, requireQuantized, scaleOf, weightScales } from "../quantized.js";
import { sizeOf } from "../types.js";

/** Matrix product of integers over the last axis, requantized. */
export const quantizedDense: OpDefinition = {
  name: "quantized_dense",
  documentation:
    "x[..., K] i8 or i16 times w[K, N] i8 (one scale, or one for each of axis 1) plus bias[N] i32 (optional) gives [..., N]; arithmetic of quantized_conv2d " +
    "(with a single scale of the weights it is multiplied with x's in single precision, as TFLite's FULLY_CONNECTED does); attributes outputScale, " +
    "outputZeroPoint, outputType, low, high.",
  infer: ([x, w, bias], attributes) => {
    const { zeroPoint } = requireQuantized(x);
    const inner = x!.shape[x!.shape.length - 1];
    if (w!.shape.length !== 2) throw new UserError(`the weights must have two axes, found ${w!.shape.length}`);
    if (inner !== w!.shape[0]) throw new UserError(`the last axis of x is ${inner}, the weights take ${w!.shape[0]}`);
    const columns = w!.shape[1] as number;
    weightScales(w!, 1, columns);
    checkBias(bias, columns);
    checkSums(x!.dtype, zeroPoint, inner!);
    const y = outputType(attributes, [...x!.shape.slice(0, -1), columns]);
    clampOf(attributes, y.dtype);
    return [y];
  },
  lower: (context) => {
    const [x, w] = context.inputs;
    const y = context.outputs[0]!;
    const [inner, columns] = w!.type.shape as [number, number];
    const from = scaleOf(x!.type);
    const to = scaleOf(y.type);
    const [low, high] = clampOf(context.attributes, y.type.dtype);
    const spec = {
      x: x!.type.dtype,
      y: y.type.dtype,
      places: [{ size: sizeOf(x!.type.shape) / inner, a: inner, b: columns }],
      taps: [{ size: inner, a: 1, b: columns }],
      columns,
      depthwise: false,
      xOffset: -from.zeroPoint,
      yOffset: to.zeroPoint,
      low,
      high,
    };
    integerProduct(context, spec, productMultipliers(from, weightScales(w!.type, 1, columns), to, true), x!);
  },
  multiplyAccumulates: ([x, w]) => sizeOf(x!.shape) * (w!.shape[1] as number),
};
