import { KernelBuilder } from "./kernel_builder.js";
import {
  add,
  type Buffer,
  binary,
  constant,
  convert,
  div,
  type Expression,
  type Kernel,
  max,
  min,
  mul,
  rem,
  select,
  sub,
  unary,
} from "./language.js";

/** A frame's magnitudes of bands to the features of TensorFlow's micro front end: noise reduction, gain control, logarithm. */
export interface MicroGain {
  readonly batch: number;
  readonly bands: number;
  /** Bits that the transform took off a magnitude, beyond those of its root: 3 of 512 points. */
  readonly correction: number;
}

const f64 = (value: number): Expression => constant("f64", value);
const floor = (x: Expression): Expression => unary("floor", x);

/** Shares of a new magnitude in the noise estimate of even and odd bands, and what remains of a signal at least, in 14 bits. */
const evenSmoothing = 409;
const oddSmoothing = 983;
const leastRemaining = 819;

/** The noise estimate has 32 bits, a float 24: it is kept in two halves. */
const half = 65_536;

/**
 * Buffers: x f32 [batch, bands] of whole numbers, high and low f32 (the noise estimate's halves, both 0 at the beginning), gains i32, logs i32, y f32, new high and low.
 * What the original keeps in 64 bits is whole numbers in f64 here.
 */
export function microGainKernel(s: MicroGain): Kernel {
  const k = new KernelBuilder("micro_gain");
  const [x, high, low] = ["x", "high", "low"].map((name) => k.buffer(name, "f32")) as [Buffer, Buffer, Buffer];
  const [gains, logs] = ["gains", "logs"].map((name) => k.buffer(name, "i32")) as [Buffer, Buffer];
  const [y, newHigh, newLow] = ["y", "new_high", "new_low"].map((name) => k.buffer(name, "f32", true)) as [
    Buffer,
    Buffer,
    Buffer,
  ];
  k.parallel(s.batch * s.bands, (p) => {
    const isEven = binary("eq", binary("and", rem(p, s.bands), 1), 0);
    const smoothing = k.let(select(isEven, f64(evenSmoothing), oddSmoothing));
    const before = add(mul(convert(k.load(high, p), "f64"), half), convert(k.load(low, p), "f64"));
    const given = k.let(convert(k.load(x, p), "f64"));
    const scaled = k.let(in32Bits(k, mul(given, 1024)));
    const estimate = k.let(floor(div(add(mul(scaled, smoothing), mul(before, sub(f64(16384), smoothing))), 16384)));
    const upper = k.let(floor(div(estimate, half)));
    k.store(newHigh, p, convert(upper, "f32"));
    k.store(newLow, p, convert(sub(estimate, mul(upper, half)), "f32"));
    const least = floor(div(mul(given, leastRemaining), 16384));
    const signal = k.let(max(least, floor(div(sub(scaled, min(estimate, scaled)), 1024))));
    const ratio = k.let(in32Bits(k, floor(div(mul(signal, gainOf(k, gains, estimate)), 2 ** (9 - s.correction)))));
    const weak = floor(div(mul(ratio, ratio), 2 ** 20));
    const shrunk = select(binary("lt", ratio, 8192), weak, sub(floor(div(ratio, 64)), 64));
    k.store(y, p, convert(logarithm(k, logs, k.let(floor(mul(shrunk, 2 ** s.correction)))), "f32"));
  });
  return k.finish();
}

/** x mod 2^32. */
function in32Bits(k: KernelBuilder, x: Expression): Expression {
  const value = k.let(x);
  return sub(value, mul(floor(div(value, 2 ** 32)), 2 ** 32));
}

/** The bits that a whole number below 2^32 has, and two to the power of that. */
function bitsOf(k: KernelBuilder, x: Expression): { count: Expression; power: Expression } {
  const count = k.mutable(constant("i32", 0));
  const power = k.mutable(f64(1));
  const raise = (by: number): void => {
    k.assign(count, add(count, by));
    k.assign(power, mul(power, 2 ** by));
  };
  for (const by of [16, 8, 4, 2, 1]) k.if(binary("ge", x, mul(power, 2 ** by)), () => raise(by));
  k.if(binary("ge", x, 1), () => raise(1));
  return { count, power };
}

/** The gain for a noise estimate: a parabola between powers of two. */
function gainOf(k: KernelBuilder, gains: Buffer, estimate: Expression): Expression {
  const { count, power } = bitsOf(k, estimate);
  const small = k.let(binary("le", estimate, 2));
  const at = k.let(select(small, constant("i32", 0), sub(mul(count, 4), 6)));
  const fraction = k.let(sub(convert(floor(div(mul(estimate, 2048), power)), "i32"), 1024));
  const bent = binary("shr", mul(k.load(gains, add(at, 2)), fraction), 5);
  const slope = mul(add(bent, mul(k.load(gains, add(at, 1)), 32)), fraction);
  const curve = add(binary("shr", add(slope, 16384), 15), k.load(gains, at));
  const few = convert(min(estimate, 2), "i32");
  return convert(select(small, k.load(gains, few), curve), "f64");
}

/** 64 times the natural logarithm of a whole number, 0 for 0 and 1. */
function logarithm(k: KernelBuilder, logs: Buffer, x: Expression): Expression {
  const { count, power } = bitsOf(k, x);
  const whole = k.let(div(power, 2));
  // 0 has no bits: what is read then is not used.
  const part = k.let(max(convert(floor(div(mul(sub(x, whole), 65536), whole)), "i32"), 0));
  const segment = k.let(binary("shr", part, 9));
  const [left, right] = [k.let(k.load(logs, segment)), k.load(logs, k.let(add(segment, 1)))];
  const bend = binary("shr", mul(sub(right, left), sub(part, mul(segment, 512))), 16);
  const binaryLog = add(mul(sub(count, 1), 65536), add(add(part, left), bend));
  const natural = floor(div(add(mul(convert(binaryLog, "f64"), 45426), 32768), 65536));
  const result = floor(div(add(mul(natural, 64), 32768), 65536));
  return min(select(binary("gt", x, 1), result, f64(0)), 65535);
}
