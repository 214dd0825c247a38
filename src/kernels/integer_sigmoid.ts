import { KernelBuilder } from "./kernel_builder.js";
import { add, binary, constant, type Expression, type Kernel, min, mul, select, sub, unary } from "./language.js";

/** How the input is brought to steps of 1 / (3 * 4096): (x * multiplier + half) >> shift. */
export interface SigmoidInput {
  readonly multiplier: number;
  readonly shift: number;
}

/** TFLite's steps for inputs of a scale. */
export function sigmoidInput(scale: number): SigmoidInput {
  let multiplier = Math.fround(scale) * 4096 * 3;
  let shift = 0;
  while (multiplier <= 32767 / 2 && shift <= 30) {
    shift++;
    multiplier *= 2;
  }
  return { multiplier: Math.trunc(multiplier), shift };
}

/** Places at which TFLite's table is one above the rounded function, as its int16 TANH shows (tools/golden/tflite_integer.py). */
const raised = new Set([
  4, 8, 12, 14, 15, 16, 17, 19, 20, 21, 22, 25, 27, 28, 29, 30, 31, 33, 34, 35, 37, 39, 40, 41, 43, 44, 45, 46, 49, 50, 54, 62,
  63, 64, 66, 82, 86, 93, 100, 103, 112, 116, 135, 255,
]);

/** 65536 / (1 + e^(-i / 24)) for i of 0 to 255, as TFLite has it. */
export function sigmoidTable(): Int32Array {
  return Int32Array.from({ length: 256 }, (_, i) => Math.round(65536 / (1 + Math.exp(-i / 24))) + (raised.has(i) ? 1 : 0));
}

/**
 * Logistic function or tanh of i16 at scale 1/32768, interpolated in a table, as TFLite's reference kernels do.
 * Buffers: x i16, table i32 [256], y i16.
 */
export function integerSigmoidKernel(kind: "logistic" | "tanh", size: number, input: SigmoidInput): Kernel {
  const k = new KernelBuilder(`integer_${kind}`);
  const x = k.buffer("x", "i16");
  const table = k.buffer("table", "i32");
  const y = k.buffer("y", "i16", true);
  // tanh x = 2 sigmoid(2 x) - 1: one bit of the input goes to the place in the table.
  const bits = kind === "logistic" ? 9 : 8;
  k.parallel(size, (i) => {
    const half = input.shift > 0 ? 2 ** (input.shift - 1) : 0;
    const steps = k.let(binary("shr", add(mul(k.load(x, i), input.multiplier), half), input.shift));
    const magnitude = k.let(unary("abs", steps));
    const place = k.let(binary("shr", magnitude, bits));
    const inside = k.let(min(place, 254));
    const from = k.let(k.load(table, inside));
    const rise = k.let(sub(k.load(table, add(inside, 1)), from));
    const fraction = k.let(binary("and", magnitude, 2 ** bits - 1));
    const between = k.let(add(binary("shl", from, bits), mul(fraction, rise)));
    const beyond = constant("i32", kind === "logistic" ? 0x7fff << 10 : 0xffff << 8);
    const value = k.let(select(binary("ge", place, 255), beyond, between));
    const positive = binary("ge", steps, 0);
    const result: Expression =
      kind === "logistic"
        ? binary("shr", select(positive, k.let(add(value, 2 ** 9)), k.let(sub(constant("i32", 2 ** 25 + 2 ** 9 - 1), value))), 10)
        : binary(
            "shr",
            select(positive, k.let(add(value, 2 ** 7 - 2 ** 23)), k.let(sub(constant("i32", 2 ** 23 + 2 ** 7 - 1), value))),
            8,
          );
    k.store(y, i, k.let(result));
  });
  return k.finish();
}
