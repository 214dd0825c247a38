import type { KernelBuilder } from "./kernel_builder.js";
import {
  add,
  binary,
  bits,
  constant,
  convert,
  div,
  type Expression,
  fma,
  max,
  min,
  mul,
  select,
  sub,
  unary,
} from "./language.js";

/*
 * Elementary functions as polynomials, so that every target computes the same function. Single precision follows the
 * approximations of the Cephes library (S. Moshier, expf.c, logf.c, tanhf.c; coefficients are minimax fits).
 * Double precision, which only tests use, goes to the platform.
 */

function polynomial(k: KernelBuilder, x: Expression, coefficients: readonly number[]): Expression {
  let sum = constant(x.type, coefficients[0] as number, x.lanes);
  for (const c of coefficients.slice(1)) sum = k.let(fma(sum, x, c));
  return sum;
}

/** e^x, f32 within 2 ulp for results that are normal numbers; 0 below, a large finite number above; NaN of NaN. */
export function exp(k: KernelBuilder, x: Expression): Expression {
  if (x.type === "f64") return unary("exp", x);
  // NaN stays NaN in `limited`, but not in what becomes an integer.
  const below = k.let(min(88.3, x));
  const n = k.let(unary("nearest", mul(max(below, -87.3), Math.LOG2E)));
  const limited = max(-87.3, below);
  const high = k.let(fma(n, -0.693359375, limited));
  const r = k.let(fma(n, 2.1219444e-4, high));
  const p = polynomial(
    k,
    r,
    [1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1],
  );
  const e = k.let(add(fma(p, mul(r, r), r), 1));
  const power = bits(k.let(shiftToExponent(add(convert(n, "i32"), 127))), "f32");
  return k.let(mul(e, power));
}

function shiftToExponent(n: Expression): Expression {
  return { kind: "binary", type: "i32", lanes: n.lanes, operator: "shl", left: n, right: constant("i32", 23, n.lanes) };
}

function integer(operator: "and" | "or" | "shr", a: Expression, value: number): Expression {
  return { kind: "binary", type: "i32", lanes: a.lanes, operator, left: a, right: constant("i32", value, a.lanes) };
}

/** ln x for x > 0, f32 within 2 ulp; below the smallest normal number ln of that number; NaN of NaN. */
export function log(k: KernelBuilder, x: Expression): Expression {
  if (x.type === "f64") return unary("log", x);
  const positive = k.let(max(x, 1.17549435e-38));
  const pattern = k.let(bits(positive, "i32"));
  const exponent = k.let(convert(sub(integer("shr", pattern, 23), 126), "f32"));
  const mantissa = k.let(bits(integer("or", integer("and", pattern, 0x007fffff), 0x3f000000), "f32"));
  const small = k.let({
    kind: "binary",
    type: "mask",
    lanes: x.lanes,
    operator: "lt",
    left: mantissa,
    right: constant("f32", Math.SQRT1_2, x.lanes),
  });
  const e = k.let(select(small, sub(exponent, 1), exponent));
  const m = k.let(sub(select(small, add(mantissa, mantissa), mantissa), 1));
  const z = k.let(mul(m, m));
  const p = polynomial(
    k,
    m,
    [
      7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1,
      -2.4999993993e-1, 3.3333331174e-1,
    ],
  );
  const y = k.let(fma(mul(p, m), z, mul(e, -2.1219444e-4)));
  const w = k.let(fma(z, -0.5, y));
  return k.let(select(binary("eq", x, x), fma(e, 0.693359375, add(m, w)), x));
}

/** 1 / (1 + e^-x). */
export function sigmoid(k: KernelBuilder, x: Expression): Expression {
  const one = constant(x.type, 1, x.lanes);
  return k.let(div(one, add(exp(k, k.let(unary("neg", x))), one)));
}

/** tanh x: an odd polynomial below 0.625, (1 - e) / (1 + e) with e = exp(-2 |x|) above. */
export function tanh(k: KernelBuilder, x: Expression): Expression {
  if (x.type === "f64") return unary("tanh", x);
  const magnitude = k.let(unary("abs", x));
  const z = k.let(mul(x, x));
  const p = polynomial(k, z, [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1]);
  const inner = k.let(fma(mul(p, z), x, x));
  const e = exp(k, k.let(mul(magnitude, -2)));
  const one = constant("f32", 1, x.lanes);
  const outer = k.let(div(sub(one, e), add(one, e)));
  const zero = constant("f32", 0, x.lanes);
  const negative: Expression = { kind: "binary", type: "mask", lanes: x.lanes, operator: "lt", left: x, right: zero };
  const signed = k.let(select(negative, unary("neg", outer), outer));
  const isSmall: Expression = {
    kind: "binary",
    type: "mask",
    lanes: x.lanes,
    operator: "lt",
    left: magnitude,
    right: constant("f32", 0.625, x.lanes),
  };
  return k.let(select(isSmall, inner, signed));
}
