import { quantizeMultiplier } from "../../kernels/fixed_point.js";
import type { KernelBuilder } from "../../kernels/kernel_builder.js";
import { add, type Expression, sub } from "../../kernels/language.js";
import { mapKernel } from "../../kernels/map.js";
import { limit, multiplyByQuantizedMultiplier } from "../../kernels/requantize.js";
import { numberOf } from "../attributes.js";
import type { OpDefinition } from "../op.js";
import { integerRange, outputType, requireQuantized, type Scale, scaleOf } from "../quantized.js";
import { normalAxes, stridesOf } from "../shapes.js";
import type { DType } from "../types.js";
import { concatShape } from "./concat.js";

/** The value at another scale; the value itself where both are one. */
function rescaled(k: KernelBuilder, x: Expression, from: Scale, to: Scale, dtype: DType): Expression {
  if (from.scale === to.scale && from.zeroPoint === to.zeroPoint) return x;
  const { multiplier, shift } = quantizeMultiplier(from.scale / to.scale);
  const moved = k.let(sub(x, from.zeroPoint));
  const scaled = multiplyByQuantizedMultiplier(k, moved, multiplier, Math.max(shift, 0), Math.max(-shift, 0));
  const [low, high] = integerRange(dtype);
  return k.let(limit(add(scaled, to.zeroPoint), low, high));
}

/** Integer tensors one after another along an axis, at one scale. */
export const quantizedConcat: OpDefinition = {
  name: "quantized_concat",
  documentation:
    "The inputs (i8 or i16, scales of their own) one after another along the attribute axis, each requantized to outputScale and outputZeroPoint where it differs.",
  infer: (inputs, attributes) => {
    for (const type of inputs) requireQuantized(type, [inputs[0]!.dtype]);
    return [outputType(attributes, concatShape(inputs, attributes), [inputs[0]!.dtype])];
  },
  lower: (context) => {
    const y = context.outputs[0]!;
    const axis = normalAxes([numberOf(context.attributes, "axis")], y.type.shape.length)[0]!;
    const strides = stridesOf(y.type.shape);
    const to = scaleOf(y.type);
    let at = 0;
    for (const x of context.inputs) {
      const { shape, dtype } = x.type;
      const from = scaleOf(x.type);
      const inputs = [{ element: dtype, strides: stridesOf(shape), offset: 0 }];
      const outputs = [{ element: y.type.dtype, strides, offset: at * strides[axis]! }];
      const make = () =>
        mapKernel({ shape, inputs, outputs, body: (k, [value]) => [rescaled(k, value!, from, to, dtype)] }, context.lanes);
      context.call(`quantized concat ${JSON.stringify([shape, inputs, outputs, from, to])}`, make, [x, y]);
      at += shape[axis]!;
    }
  },
};
