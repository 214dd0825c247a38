import { quantizeMultiplier } from "../../kernels/fixed_point.js";
import { add, mul, sub } from "../../kernels/language.js";
import { limit } from "../../kernels/requantize.js";
import { integerMap } from "../integer_lowering.js";
import { inferIntegerPair, rescaled } from "../integer_pair.js";
import type { OpDefinition } from "../op.js";
import { clampOf, scaleOf } from "../quantized.js";

/** a * b of integers. */
export const quantizedMul: OpDefinition = {
  name: "quantized_mul",
  documentation:
    "a * b of i8 or i16 with broadcasting, at outputScale and outputZeroPoint, clamped to low and high; TFLite's MUL. outputType is the inputs' type.",
  infer: inferIntegerPair,
  lower: (context) => {
    const [a, b] = context.inputs.map(({ type }) => scaleOf(type));
    const y = context.outputs[0]!.type;
    const to = scaleOf(y);
    const [low, high] = clampOf(context.attributes, y.dtype);
    const factor = quantizeMultiplier((a!.scale * b!.scale) / to.scale);
    integerMap(context, ["quantized_mul", a, b, to, low, high], (k, [x, z]) => {
      const product = k.let(mul(sub(x!, a!.zeroPoint), sub(z!, b!.zeroPoint)));
      return k.let(limit(add(rescaled(k, product, factor), to.zeroPoint), low, high));
    });
  },
};
