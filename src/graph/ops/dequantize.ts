import { constant, convert, mul, sub } from "../../kernels/language.js";
import { integerMap } from "../integer_lowering.js";
import type { OpDefinition } from "../op.js";
import { requireQuantized } from "../quantized.js";
import { tensor } from "../types.js";

/** Integers to real numbers. */
export const dequantize: OpDefinition = {
  name: "dequantize",
  documentation: "(x - zero point) * scale in f32, for x of i8, u8 or i16.",
  infer: ([x]) => {
    requireQuantized(x, ["i8", "u8", "i16"]);
    return [tensor("f32", x!.shape)];
  },
  lower: (context) => {
    const { scale, zeroPoint } = requireQuantized(context.inputs[0]!.type, ["i8", "u8", "i16"]);
    integerMap(context, ["dequantize", scale, zeroPoint], (k, [x]) =>
      k.let(mul(convert(k.let(sub(x!, zeroPoint)), "f32"), constant("f32", scale))),
    );
  },
};
