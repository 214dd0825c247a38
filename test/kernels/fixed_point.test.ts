import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compile } from "../../src/engine/compile.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import {
  doublingHighMul,
  expOnNegativeValues,
  logistic,
  multiplyByQuantizedMultiplier,
  quantizeMultiplier,
  roundingDivideByPowerOfTwo,
  tanh,
} from "../../src/kernels/fixed_point.js";
import { otherTargets } from "../graph/op_check.js";

/** The definitions with integers of any size (gemmlowp/fixedpoint/fixedpoint.h). */
const exactHighMul = (a: number, b: number): number => {
  const product = BigInt(a) * BigInt(b);
  const nudge = product >= 0n ? 2n ** 30n : 1n - 2n ** 30n;
  // BigInt division truncates, as C's.
  const result = (product + nudge) / 2n ** 31n;
  return Number(result > 2n ** 31n - 1n ? 2n ** 31n - 1n : result);
};

const exactDivide = (x: number, exponent: number): number => {
  const mask = (1n << BigInt(exponent)) - 1n;
  const value = BigInt(x);
  const remainder = value & mask;
  const threshold = (mask >> 1n) + (value < 0n ? 1n : 0n);
  return Number((value >> BigInt(exponent)) + (remainder > threshold ? 1n : 0n));
};

const extremes = [0, 1, -1, 2 ** 30, -(2 ** 30), 2 ** 31 - 1, -(2 ** 31), 65535, -65536, 0x7fff0000, -0x7fff8001];
const int32 = fc.oneof(fc.constantFrom(...extremes), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }));

describe("fixed point", () => {
  it("the upper half of twice a product is gemmlowp's", () => {
    fc.assert(fc.property(int32, int32, (a, b) => doublingHighMul(a, b) === exactHighMul(a, b)));
  });

  it("division by powers of two is gemmlowp's", () => {
    fc.assert(
      fc.property(int32, fc.integer({ min: 0, max: 31 }), (x, e) => roundingDivideByPowerOfTwo(x, e) === exactDivide(x, e)),
    );
  });

  it("a multiplier is its factor to 31 bits", () => {
    fc.assert(
      fc.property(fc.double({ min: 2 ** -30, max: 2 ** 20, noNaN: true }), (factor) => {
        const { multiplier, shift } = quantizeMultiplier(factor);
        expect(multiplier).toBeGreaterThanOrEqual(2 ** 30);
        expect(multiplier).toBeLessThan(2 ** 31);
        expect(Math.abs(multiplier * 2 ** (shift - 31) - factor)).toBeLessThanOrEqual(factor * 2 ** -30);
      }),
    );
    expect(quantizeMultiplier(1)).toEqual({ multiplier: 2 ** 30, shift: 1 });
    expect(quantizeMultiplier(1 - 2 ** -40)).toEqual({ multiplier: 2 ** 30, shift: 1 });
    expect(quantizeMultiplier(0)).toEqual({ multiplier: 0, shift: 0 });
    expect(quantizeMultiplier(2 ** -40)).toEqual({ multiplier: 0, shift: 0 });
  });

  it("e^x, the logistic function and tanh are near the real ones", () => {
    for (let a = -8; a <= 0; a += 1 / 64) expect(expOnNegativeValues(a * 2 ** 26, 5) / 2 ** 31).toBeCloseTo(Math.exp(a), 6);
    for (let a = -8; a < 8; a += 1 / 64) {
      expect(logistic(a * 2 ** 27, 4) / 2 ** 31).toBeCloseTo(1 / (1 + Math.exp(-a)), 6);
      expect(tanh(a * 2 ** 27, 4) / 2 ** 31).toBeCloseTo(Math.tanh(a), 6);
    }
  });

  it.each(["oracle", ...otherTargets] as const)("kernels scale as the functions do: %s", async (target) => {
    const factors = [2 ** -31, 1e-6, 0.0371, 0.5, 0.999999, 1, 3.7, 250];
    const x = Int16Array.from({ length: 4096 }, (_, i) => (i * 7919) % 65536);
    for (const factor of factors) {
      const g = new GraphBuilder("scale");
      const from = g.input("x", { dtype: "i16", shape: [x.length], quantization: { scale: [factor], zeroPoint: [0] } });
      g.output("y", g.op("requantize", [from], { outputScale: 1, outputZeroPoint: 0, outputType: "i16" }));
      const program = await compile(g.finish(), { target });
      program.write("x", x);
      program.run();
      const multiplier = quantizeMultiplier(Math.fround(factor));
      const wanted = Array.from(x, (v) => Math.max(-32768, Math.min(32767, multiplyByQuantizedMultiplier(v, multiplier))));
      expect([...program.view("y")]).toEqual(wanted);
      program.close();
    }
  });
});
