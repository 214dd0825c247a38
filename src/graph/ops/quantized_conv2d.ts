import { UserError } from "../../base/errors.js";
import { geometryOf } from "../convolution.js";
import { integerConvolution } from "../integer_lowering.js";
import type { OpDefinition } from "../op.js";
import { checkBias, checkSums } from "../quantized_product.js";
import { clampOf, outputType, requireQuantized, weightScales } from "../quantized.js";
import { sizeOf } from "../types.js";

/** Convolution of integers, requantized. */
export const quantizedConv2d: OpDefinition = {
  name: "quantized_conv2d",
  documentation:
    "x[B,H,W,Ci] i8 or i16 with kernel[kh,kw,Ci,Co] i8 (one scale, or one for each of axis 3, zero points 0) and bias[Co] i32 (optional; scale of x times " +
    "scale of the kernel): 32-bit sums of (x - zero point) * w + bias, multiplied in TFLite's two roundings, clamped to low and high. Attributes " +
    "strides, dilations, padding as conv2d (padding has the value of the zero point), outputScale, outputZeroPoint, outputType, low, high.",
  infer: ([x, w, bias], attributes) => {
    const { zeroPoint } = requireQuantized(x);
    const g = geometryOf(x!, w!.shape, attributes);
    const columns = w!.shape[3] as number;
    if (x!.shape[3] !== w!.shape[2]) throw new UserError(`the map has ${x!.shape[3]} channels, the kernel takes ${w!.shape[2]}`);
    weightScales(w!, 3, columns);
    checkBias(bias, columns);
    checkSums(x!.dtype, zeroPoint, sizeOf(w!.shape) / columns);
    const y = outputType(attributes, [g.batch, ...g.output, columns]);
    clampOf(attributes, y.dtype);
    return [y];
  },
  lower: (context) => integerConvolution(context, "full"),
  multiplyAccumulates: ([, w], [y]) => (sizeOf(y!.shape) / (w!.shape[3] as number)) * sizeOf(w!.shape),
};
