import { quantizeMultiplier } from "../../kernels/fixed_point.js";
import { add, sub } from "../../kernels/language.js";
import { limit, multiplyByQuantizedMultiplier } from "../../kernels/requantize.js";
import { integerMap } from "../integer_lowering.js";
import type { OpDefinition } from "../op.js";
import { clampOf, outputType, requireQuantized, scaleOf } from "../quantized.js";

const types = ["i8", "u8", "i16"] as const;

/** Integers at another scale, zero point or element type. */
export const requantize: OpDefinition = {
  name: "requantize",
  documentation:
    "x (i8, u8, i16) at the scale, zero point and element type of outputScale, outputZeroPoint, outputType, clamped to low and high; TFLite's QUANTIZE of integers.",
  infer: ([x], attributes) => {
    requireQuantized(x, types);
    const y = outputType(attributes, x!.shape, types);
    clampOf(attributes, y.dtype);
    return [y];
  },
  lower: (context) => {
    const from = requireQuantized(context.inputs[0]!.type, types);
    const y = context.outputs[0]!.type;
    const to = scaleOf(y);
    const [low, high] = clampOf(context.attributes, y.dtype);
    const { multiplier, shift } = quantizeMultiplier(from.scale / to.scale);
    integerMap(context, ["requantize", from, to, low, high], (k, [x]) => {
      const moved = k.let(sub(x!, from.zeroPoint));
      const scaled = multiplyByQuantizedMultiplier(k, moved, multiplier, Math.max(shift, 0), Math.max(-shift, 0));
      return k.let(limit(add(scaled, to.zeroPoint), low, high));
    });
  },
};
