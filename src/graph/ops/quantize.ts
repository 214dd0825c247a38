import { UserError } from "../../base/errors.js";
import { add, binary, constant, convert, div, max, min, select, sub, unary } from "../../kernels/language.js";
import { limit } from "../../kernels/requantize.js";
import { integerMap } from "../integer_lowering.js";
import type { OpDefinition } from "../op.js";
import { integerRange, outputType, scaleOf } from "../quantized.js";

/** Real numbers to integers. */
export const quantize: OpDefinition = {
  name: "quantize",
  documentation:
    "round(x / outputScale) + outputZeroPoint in the range of outputType (i8, u8, i16), ties away from zero, in single precision; x is f32.",
  infer: ([x], attributes) => {
    if (x?.dtype !== "f32") throw new UserError(`takes f32, found ${x?.dtype}`);
    return [outputType(attributes, x.shape, ["i8", "u8", "i16"])];
  },
  lower: (context) => {
    const y = context.outputs[0]!.type;
    const { scale, zeroPoint } = scaleOf(y);
    const [low, high] = integerRange(y.dtype);
    integerMap(context, ["quantize", scale, zeroPoint], (k, [x]) => {
      // Far outside the range everything is cut anyway; inside, floor of the magnitude plus a half would round before it.
      const steps = k.let(max(min(div(x!, constant("f32", scale)), 100_000), -100_000));
      const magnitude = k.let(unary("abs", steps));
      const whole = k.let(unary("floor", magnitude));
      const rounded = k.let(select(binary("ge", sub(magnitude, whole), 0.5), add(whole, 1), whole));
      const integer = k.let(convert(rounded, "i32"));
      const signed = k.let(select(binary("lt", steps, 0), sub(constant("i32", 0), integer), integer));
      return k.let(limit(add(signed, zeroPoint), low, high));
    });
  },
};
