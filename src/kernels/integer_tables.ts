import {
  doublingHighMul,
  expOnNegativeValues,
  inputRadius,
  logistic,
  type Multiplier,
  multiplyByQuantizedMultiplier,
  quantizeMultiplier,
  roundingDivideByPowerOfTwo,
  tanh,
} from "./fixed_point.js";

/** Bits before the point of the inputs of e^x and of the logistic function and tanh. */
const exponentialBits = 5;
const sigmoidBits = 4;

/** e^-(d scale beta) for d of 0 to 255, with 31 bits behind the point; 0 beyond what the fixed point holds. */
export function softmaxTable(scale: number, beta: number): Int32Array {
  const factor = quantizeMultiplier(Math.min(beta * scale * 2 ** (31 - exponentialBits), 2 ** 31 - 1));
  const radius = inputRadius(exponentialBits, factor.shift);
  return Int32Array.from({ length: 256 }, (_, d) => {
    if (d > radius) return 0;
    return expOnNegativeValues(doublingHighMul(-d * 2 ** factor.shift, factor.multiplier), exponentialBits);
  });
}

/** An 8-bit function of 8-bit values: for each input of -128 to 127 the output. */
export function sigmoidTable8(kind: "logistic" | "tanh", scale: number, zeroPoint: number): Int32Array {
  const factor: Multiplier = quantizeMultiplier(scale * 2 ** (31 - sigmoidBits));
  const radius = inputRadius(sigmoidBits, factor.shift);
  const [outputBits, outputZeroPoint] = kind === "logistic" ? [8, -128] : [7, 0];
  return Int32Array.from({ length: 256 }, (_, i) => {
    const x = i - 128 - zeroPoint;
    if (x <= -radius) return -128;
    if (x >= radius) return 127;
    const fixed = multiplyByQuantizedMultiplier(x, factor);
    const exact = kind === "logistic" ? logistic(fixed, sigmoidBits) : tanh(fixed, sigmoidBits);
    return Math.max(-128, Math.min(127, roundingDivideByPowerOfTwo(exact, 31 - outputBits) + outputZeroPoint));
  });
}
