import { UserError } from "../../base/errors.js";
import { quantizeMultiplier } from "../../kernels/fixed_point.js";
import { add, mul, sub } from "../../kernels/language.js";
import { limit, multiplyByQuantizedMultiplier } from "../../kernels/requantize.js";
import { integerMap } from "../integer_lowering.js";
import type { OpDefinition } from "../op.js";
import { clampOf, outputType, requireQuantized, scaleOf } from "../quantized.js";
import { broadcastTypes } from "../shapes.js";

/** a * b of integers. */
export const quantizedMul: OpDefinition = {
  name: "quantized_mul",
  documentation:
    "a * b of i8 or i16 with broadcasting, at outputScale and outputZeroPoint, clamped to low and high; TFLite's MUL. outputType is the inputs' type.",
  infer: (inputs, attributes) => {
    if (inputs.length !== 2) throw new UserError(`takes two inputs, found ${inputs.length}`);
    for (const type of inputs) requireQuantized(type);
    const { dtype, shape } = broadcastTypes(inputs);
    const y = outputType(attributes, shape, [dtype]);
    clampOf(attributes, y.dtype);
    return [y];
  },
  lower: (context) => {
    const [a, b] = context.inputs.map(({ type }) => scaleOf(type));
    const y = context.outputs[0]!.type;
    const to = scaleOf(y);
    const [low, high] = clampOf(context.attributes, y.dtype);
    const { multiplier, shift } = quantizeMultiplier((a!.scale * b!.scale) / to.scale);
    integerMap(context, ["quantized_mul", a, b, to, low, high], (k, [x, z]) => {
      const product = k.let(mul(sub(x!, a!.zeroPoint), sub(z!, b!.zeroPoint)));
      const scaled = multiplyByQuantizedMultiplier(k, product, multiplier, Math.max(shift, 0), Math.max(-shift, 0));
      return k.let(limit(add(scaled, to.zeroPoint), low, high));
    });
  },
};
