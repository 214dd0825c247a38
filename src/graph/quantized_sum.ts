import { type Multiplier, quantizeMultiplier } from "../kernels/fixed_point.js";
import { add, type Expression, mul, sub } from "../kernels/language.js";
import { limit } from "../kernels/requantize.js";
import { integerMap } from "./integer_lowering.js";
import { inferIntegerPair, rescaled } from "./integer_pair.js";
import type { OpDefinition } from "./op.js";
import { clampOf, scaleOf } from "./quantized.js";

/** Bits by which both operands are shifted to the left before they are scaled. */
const headroom = { i8: 20, i16: 15 } as const;

/** quantized_add and quantized_sub: both operands at twice the larger scale with some bits more, then the output's. */
export function sumOp(name: "quantized_add" | "quantized_sub", combine: typeof add): OpDefinition {
  return {
    name,
    documentation:
      `a ${name === "quantized_add" ? "+" : "-"} b of i8 or i16 at scales of their own, shapes broadcasting from the right, as TFLite's ADD and SUB: both at twice the larger scale with 20 ` +
      "(i16: 15) bits more, then at outputScale and outputZeroPoint, clamped to low and high. outputType is the inputs' type.",
    infer: inferIntegerPair,
    lower: (context) => {
      const [a, b] = context.inputs.map(({ type }) => scaleOf(type));
      const y = context.outputs[0]!.type;
      const to = scaleOf(y);
      const [low, high] = clampOf(context.attributes, y.dtype);
      const bits = headroom[y.dtype as "i8" | "i16"];
      const twice = 2 * Math.max(a!.scale, b!.scale);
      const factors = [a!.scale / twice, b!.scale / twice, twice / (2 ** bits * to.scale)].map(quantizeMultiplier);
      integerMap(context, [name, a, b, to, low, high], (k, [x, z]) => {
        const operand = (value: Expression, zeroPoint: number, factor: Multiplier): Expression =>
          rescaled(k, k.let(mul(sub(value, zeroPoint), 2 ** bits)), factor);
        const sum = combine(operand(x!, a!.zeroPoint, factors[0]!), operand(z!, b!.zeroPoint, factors[1]!));
        return k.let(limit(add(rescaled(k, k.let(sum), factors[2]!), to.zeroPoint), low, high));
      });
    },
  };
}
