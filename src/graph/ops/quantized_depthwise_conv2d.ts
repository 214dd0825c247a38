import { UserError } from "../../base/errors.js";
import { geometryOf } from "../convolution.js";
import { integerProduct, paddedIntegerMap } from "../integer_lowering.js";
import type { OpDefinition } from "../op.js";
import { checkBias, checkSums } from "../quantized_product.js";
import { clampOf, outputType, productMultipliers, requireQuantized, scaleOf, weightScales } from "../quantized.js";
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
  lower: (context) => {
    const [x, w] = context.inputs;
    const y = context.outputs[0]!;
    const g = geometryOf(x!.type, w!.type.shape, context.attributes);
    const columns = x!.type.shape[3] as number;
    const from = scaleOf(x!.type);
    const to = scaleOf(y.type);
    const [low, high] = clampOf(context.attributes, y.type.dtype);
    const { region, size } = paddedIntegerMap(context, g, x!, from.zeroPoint);
    const line = size[1] * columns;
    const spec = {
      x: x!.type.dtype,
      y: y.type.dtype,
      places: [
        { size: g.batch, a: size[0] * line, b: g.output[0] * g.output[1] * columns },
        { size: g.output[0], a: g.strides[0] * line, b: g.output[1] * columns },
        { size: g.output[1], a: g.strides[1] * columns, b: columns },
      ],
      taps: [
        { size: g.kernel[0], a: g.dilations[0] * line, b: g.kernel[1] * columns },
        { size: g.kernel[1], a: g.dilations[1] * columns, b: columns },
      ],
      columns,
      depthwise: true,
      xOffset: -from.zeroPoint,
      yOffset: to.zeroPoint,
      low,
      high,
    };
    integerProduct(context, spec, productMultipliers(from, weightScales(w!.type, 2, columns), to, false), region);
  },
  multiplyAccumulates: ([, w], [y]) => sizeOf(y!.shape) * (w!.shape[0] as number) * (w!.shape[1] as number),
};
