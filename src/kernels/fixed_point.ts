/*
 * Fixed-point numbers as TensorFlow Lite's reference kernels compute them (tensorflow/lite/kernels/internal/common.h and
 * quantization_util.cc; gemmlowp/fixedpoint/fixedpoint.h), as plain functions: what tables and constants of kernels are made with.
 */

const mostInteger = 2 ** 31 - 1;
const leastInteger = -(2 ** 31);

/** A real factor as multiplier / 2^31 * 2^shift, the multiplier in [2^30, 2^31) or 0. */
export interface Multiplier {
  readonly multiplier: number;
  /** -31 to 30; negative: to the right. */
  readonly shift: number;
}

/** Half away from zero, as std::round. */
export function roundHalfAway(value: number): number {
  return value < 0 ? -Math.floor(-value + 0.5) : Math.floor(value + 0.5);
}

/** TFLite's QuantizeMultiplier: a factor >= 0 in 31 bits; below 2^-32 it is 0. */
export function quantizeMultiplier(factor: number): Multiplier {
  if (!(factor > 0)) return { multiplier: 0, shift: 0 };
  let shift = Math.floor(Math.log2(factor)) + 1;
  // The logarithm may round across a power of two.
  while (factor / 2 ** shift >= 1) shift++;
  while (factor / 2 ** shift < 0.5) shift--;
  let multiplier = roundHalfAway((factor / 2 ** shift) * 2 ** 31);
  if (multiplier === 2 ** 31) {
    multiplier /= 2;
    shift++;
  }
  return shift < -31 ? { multiplier: 0, shift: 0 } : { multiplier, shift };
}

/** The upper half of twice the product, rounded to nearest (gemmlowp's SaturatingRoundingDoublingHighMul). */
export function doublingHighMul(a: number, b: number): number {
  if (a === leastInteger && b === leastInteger) return mostInteger;
  return Math.floor(((a >> 16) * b + Math.floor(((a & 0xffff) * b + 2 ** 30) / 2 ** 16)) / 2 ** 15) | 0;
}

/** x / 2^exponent, rounded to nearest, ties away from zero (gemmlowp's RoundingDivideByPOT); exponent 0 to 31. */
export function roundingDivideByPowerOfTwo(x: number, exponent: number): number {
  return roundHalfAway(x / 2 ** exponent) | 0;
}

/** x * multiplier / 2^31 * 2^shift in TFLite's two roundings. x * 2^shift must fit in 32 bits. */
export function multiplyByQuantizedMultiplier(x: number, { multiplier, shift }: Multiplier): number {
  const left = Math.max(shift, 0);
  return roundingDivideByPowerOfTwo(doublingHighMul((x * 2 ** left) | 0, multiplier), Math.max(-shift, 0));
}

/** x * 2^exponent, held at the ends of the range. */
export function saturatingShiftLeft(x: number, exponent: number): number {
  return Math.max(leastInteger, Math.min(mostInteger, x * 2 ** exponent)) | 0;
}

/** Largest input that a fixed-point function with so many integer bits can take after a shift to the left. */
export function inputRadius(integerBits: number, leftShift: number, totalSignedBits = 31): number {
  return Math.floor(((2 ** integerBits - 1) * 2 ** (totalSignedBits - integerBits)) / 2 ** leftShift);
}

/** e^(-2^i / 4) for i = 0 to 6, in 31 bits; gemmlowp multiplies those together whose bit is set. */
const quarterPowers = [1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242];

/** e^a for a in [-1/4, 0) with 31 bits behind the point: Taylor's series around -1/8 to the fourth power. */
function expOnInterval(a: number): number {
  const x = (a + 2 ** 28) | 0;
  const x2 = doublingHighMul(x, x);
  const x3 = doublingHighMul(x2, x);
  const x4 = doublingHighMul(x2, x2);
  const x4over4 = roundingDivideByPowerOfTwo(x4, 2);
  const sum = roundingDivideByPowerOfTwo((doublingHighMul((x4over4 + x3) | 0, 715827883) + x2) | 0, 1);
  return (1895147668 + doublingHighMul(1895147668, (x + sum) | 0)) | 0;
}

/** e^a for a <= 0 with `integerBits` before the point; 31 bits behind the point (gemmlowp's exp_on_negative_values). */
export function expOnNegativeValues(a: number, integerBits: number): number {
  if (a === 0) return mostInteger;
  const fractionBits = 31 - integerBits;
  const quarter = 2 ** (fractionBits - 2);
  const inside = ((a & (quarter - 1)) - quarter) | 0;
  let result = expOnInterval(saturatingShiftLeft(inside, integerBits));
  const remainder = (inside - a) | 0;
  for (const [i, power] of quarterPowers.entries()) {
    const exponent = i - 2;
    if (integerBits <= exponent) break;
    if ((remainder & (2 ** (fractionBits + exponent))) !== 0) result = doublingHighMul(result, power);
  }
  if (integerBits > 5 && a < -(2 ** (36 - integerBits))) return 0;
  return result;
}

/** 1 / (2 h) after gemmlowp's three steps of Newton, h with 31 bits behind the point; 29 bits behind the point. */
function reciprocalOfTwice(half: number): number {
  let x = (1515870810 + doublingHighMul(half, -1010580540)) | 0;
  for (let i = 0; i < 3; i++) x = (x + saturatingShiftLeft(doublingHighMul(x, (2 ** 29 - doublingHighMul(half, x)) | 0), 2)) | 0;
  return x;
}

/** 1 / (1 + x) for x in [0, 1), both with 31 bits behind the point. */
export function oneOverOnePlus(x: number): number {
  return saturatingShiftLeft(reciprocalOfTwice((x >> 1) + 2 ** 30), 1);
}

/** (1 - x) / (1 + x) for x in [0, 1), both with 31 bits behind the point. */
function oneMinusOverOnePlus(x: number): number {
  const y = reciprocalOfTwice((x >> 1) + 2 ** 30);
  return saturatingShiftLeft((y - 2 ** 29) | 0, 2);
}

/** 1 / (1 + e^-a), a with `integerBits` before the point; 31 bits behind the point. */
export function logistic(a: number, integerBits: number): number {
  if (a === 0) return 2 ** 30;
  const positive = oneOverOnePlus(expOnNegativeValues(-Math.abs(a), integerBits));
  return a > 0 ? positive : mostInteger - positive;
}

/** tanh a, a with `integerBits` before the point; 31 bits behind the point. */
export function tanh(a: number, integerBits: number): number {
  if (a === 0) return 0;
  // -2 |a| as the same bits with one integer bit more.
  const positive = oneMinusOverOnePlus(expOnNegativeValues(-Math.abs(a), integerBits + 1));
  return a > 0 ? positive : -positive;
}

/** The factor from a sum of `count` integers to their mean at another scale, as TFLite's MEAN makes it. */
export function meanMultiplier(factor: number, count: number): Multiplier {
  const { multiplier, shift } = quantizeMultiplier(factor);
  const bits = Math.min(Math.floor(Math.log2(count)), 32, 31 + shift);
  return { multiplier: Math.floor((multiplier * 2 ** bits) / count), shift: shift - bits };
}
