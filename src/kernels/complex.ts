import type { KernelBuilder } from "./kernel_builder.js";
import { add, constant, type Expression, fma, mul, sub, unary } from "./language.js";

/** A complex number in registers. */
export interface Complex {
  readonly re: Expression;
  readonly im: Expression;
}

export function complexAdd(k: KernelBuilder, a: Complex, b: Complex): Complex {
  return { re: k.let(add(a.re, b.re)), im: k.let(add(a.im, b.im)) };
}

export function complexSub(k: KernelBuilder, a: Complex, b: Complex): Complex {
  return { re: k.let(sub(a.re, b.re)), im: k.let(sub(a.im, b.im)) };
}

/** a - i b. */
function minusI(k: KernelBuilder, a: Complex, b: Complex): Complex {
  return { re: k.let(add(a.re, b.im)), im: k.let(sub(a.im, b.re)) };
}

/** a + i b. */
function plusI(k: KernelBuilder, a: Complex, b: Complex): Complex {
  return { re: k.let(sub(a.re, b.im)), im: k.let(add(a.im, b.re)) };
}

/** z (cosine - i sine). */
export function rotate(k: KernelBuilder, z: Complex, cosine: Expression, sine: Expression): Complex {
  return {
    re: k.let(fma(z.im, sine, mul(z.re, cosine))),
    im: k.let(fma(z.re, unary("neg", sine), mul(z.im, cosine))),
  };
}

/** z exp(-2 pi i k / n) for k/n < 1/2, without products where the factor is 1, -i or of equal parts. */
function rotateBy(k: KernelBuilder, z: Complex, turn: number, n: number): Complex {
  if (turn === 0) return z;
  if (4 * turn === n) return { re: z.im, im: k.let(unary("neg", z.re)) };
  const { type, lanes } = z.re;
  const half = constant(type, Math.SQRT1_2, lanes);
  if (8 * turn === n) return { re: k.let(mul(add(z.re, z.im), half)), im: k.let(mul(sub(z.im, z.re), half)) };
  if (8 * turn === 3 * n)
    return { re: k.let(mul(sub(z.im, z.re), half)), im: k.let(mul(add(z.re, z.im), constant(type, -Math.SQRT1_2, lanes))) };
  const angle = (2 * Math.PI * turn) / n;
  return rotate(k, z, constant(type, Math.cos(angle), lanes), constant(type, Math.sin(angle), lanes));
}

/** Fourier transform of four points: [sum z, sum z (-i)^m, ...]. */
export function fourPoints(k: KernelBuilder, [a, b, c, d]: readonly Complex[]): Complex[] {
  const ac = complexAdd(k, a as Complex, c as Complex);
  const bd = complexAdd(k, b as Complex, d as Complex);
  const acDifference = complexSub(k, a as Complex, c as Complex);
  const bdDifference = complexSub(k, b as Complex, d as Complex);
  return [
    complexAdd(k, ac, bd),
    minusI(k, acDifference, bdDifference),
    complexSub(k, ac, bd),
    plusI(k, acDifference, bdDifference),
  ];
}

/** Fourier transform of 1, 2, 4, 8, ... points in registers (decimation in frequency), results in natural order. */
export function fewPoints(k: KernelBuilder, z: readonly Complex[]): Complex[] {
  const n = z.length;
  if (n === 1) return [...z];
  if (n === 4) return fourPoints(k, z);
  const low = z.slice(0, n / 2);
  const high = z.slice(n / 2);
  const even = fewPoints(
    k,
    low.map((a, i) => complexAdd(k, a, high[i] as Complex)),
  );
  const odd = fewPoints(
    k,
    low.map((a, i) => rotateBy(k, complexSub(k, a, high[i] as Complex), i, n)),
  );
  return even.flatMap((e, i) => [e, odd[i] as Complex]);
}
