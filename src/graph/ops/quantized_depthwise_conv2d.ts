import { UserError } from "../../base/errors.js";
import { geometryOf } from "../convolution.js";
import { integerConvolution } from "../integer_lowering.js";
import type { OpDefinition } from "../op.js";
import { checkBias, checkSums } from "../quantized_product.js";
import { clampOf, outputType, requireQuantized, weightScales } from "../quantized.js";
import { sizeOf } from "../types.js";

/** Convolution of each channel of integers with its own taps, requantized. */
export const quantizedDepthwiseConv2d: OpDefinition = {
  name: "quantized_depthwise_conv2d",
  documentation:
    "x[B,H,W,C] i8 or i16 with kernel[kh,kw,C,1] i8 (one scale, or one for each of axis 2) and bias[C] i32 (optional); attributes and arithmetic of quantized_conv2d.",
  infer: ([x, w, bias], attributes) => {
    const { zeroPoint } = requireQuantized(x);
    const g = geometryOf(x!, w!.shape, attributes);
    const channels = x!.shape[3] as number;
    if (channels !== w!.shape[2] || w!.shape[3] !== 1)
      throw new UserError(
        `the map has ${channels} channels, the kernel is [${w!.shape.join(",")}]; it must be [kh,kw,channels,1]`,
      );
    weightScales(w!, 2, channels);
    checkBias(bias, channels);
    checkSums(x!.dtype, zeroPoint, g.kernel[0] * g.kernel[1]);
    const y = outputType(attributes, [g.batch, ...g.output, channels]);
    clampOf(attributes, y.dtype);
    return [y];
  },
  lower: (context) => integerConvolution(context, "depthwise"),
  multiplyAccumulates: ([, w], [y]) => sizeOf(y!.shape) * (w!.shape[0] as number) * (w!.shape[1] as number),
};
