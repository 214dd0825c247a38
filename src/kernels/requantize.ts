import type { KernelBuilder } from "./kernel_builder.js";
import { add, binary, constant, type Expression, max, min, select } from "./language.js";

const integer = (operator: "and" | "shl" | "shr" | "lt" | "gt", a: Expression, b: Expression | number): Expression =>
  binary(operator, a, b);

/** The upper half of twice the product of two i32, rounded to nearest. Not for two operands of -2^31. */
export function mulhi(a: Expression, b: Expression | number): Expression {
  return binary("doubling_high_mul", a, b);
}

/** x / 2^exponent of i32, rounded to nearest, ties away from zero; exponent 0 to 31, a number or an expression. */
export function roundingDivideByPowerOfTwo(k: KernelBuilder, x: Expression, exponent: Expression | number): Expression {
  if (exponent === 0) return x;
  const value = k.let(x);
  const mask =
    typeof exponent === "number"
      ? constant("i32", (2 ** exponent - 1) | 0, x.lanes)
      : k.let(binary("wrap_add", integer("shl", constant("i32", 1, exponent.lanes), exponent), -1));
  const remainder = k.let(integer("and", value, mask));
  const one = constant("i32", 1, x.lanes);
  const half = mask.kind === "constant" ? constant("i32", (mask.value >>> 0) >>> 1, x.lanes) : binary("shru", mask, 1);
  const threshold = k.let(add(half, select(integer("lt", value, 0), one, 0)));
  const power = typeof exponent === "number" ? constant("i32", exponent, x.lanes) : exponent;
  return k.let(add(integer("shr", value, power), select(integer("gt", remainder, threshold), one, 0)));
}

/**
 * TFLite's MultiplyByQuantizedMultiplier with its two roundings: x * multiplier / 2^31 * 2^(left - right), all i32.
 * x * 2^left must fit in 32 bits.
 */
export function multiplyByQuantizedMultiplier(
  k: KernelBuilder,
  x: Expression,
  multiplier: Expression | number,
  left: Expression | number,
  right: Expression | number,
): Expression {
  const shifted = left === 0 ? x : integer("shl", x, left);
  return roundingDivideByPowerOfTwo(k, mulhi(shifted, multiplier), right);
}

/** x limited to [low, high]. */
export function limit(x: Expression, low: number, high: number): Expression {
  return min(max(x, low), high);
}
