import { describe, expect, it } from "vitest";
import { KernelBuilder } from "../../src/kernels/kernel_builder.js";
import { bits, constant, convert, horizontal, type Kernel, mul, unary } from "../../src/kernels/language.js";
import { printWasm } from "../../src/kernels/wasm.js";
import { difference, runJavaScript } from "./kernel_runner.js";
import { buildCase } from "./language_case.js";
import { languageCases } from "./language_cases.js";
import { relaxedSettings, runWasm } from "./wasm_harness.js";

describe.each(relaxedSettings)("kernels printed as WebAssembly, relaxed %s", (relaxed) => {
  it.each(languageCases.map((c) => [c.name, c] as const))("%s", (_, c) => {
    const expected = runJavaScript(buildCase(c, 1), c.length);
    expect(difference(expected, runWasm(buildCase(c, 4), c.length, relaxed), c.tolerance)).toBeUndefined();
    // With one lane all code is scalar: multiply-adds apart, the same bits again.
    expect(difference(expected, runWasm(buildCase(c, 1), c.length, relaxed), c.tolerance)).toBeUndefined();
  });

  it.each([
    ["max", [5, 5]],
    ["min", [1, 2]],
  ] as const)("horizontal %s combines the lower half with the upper", (operator, expected) => {
    // max(NaN, b) is b and max(a, NaN) is NaN, so the order of the operands shows.
    const k = new KernelBuilder("halves");
    const x = k.buffer("x", "f32");
    const o = k.buffer("o", "f32", true);
    k.parallel(2, (p) => k.store(o, p, horizontal(operator, k.load(x, mul(p, 4), 4))));
    const inputs = [Number.NaN, 1, 5, 2, 2, Number.NaN, 5, 3];
    const fill = (): Float32Array => Float32Array.from({ length: 16 }, (_, i) => inputs[i] ?? 0);
    const [, got] = runWasm(k.finish(), 16, relaxed, fill) as [Float32Array, Float32Array];
    expect([...got.subarray(0, 2)]).toEqual(expected);
  });

  it("any partition of the extent gives the same bits", () => {
    for (const c of languageCases) {
      const kernel = buildCase(c, 4);
      if (kernel.extent < 4) continue;
      const whole = runWasm(kernel, c.length, relaxed);
      const cuts = [1, 1, kernel.extent >> 1, kernel.extent - 1];
      expect(difference(whole, runWasm(kernel, c.length, relaxed, undefined, cuts), 0), c.name).toBeUndefined();
    }
  });
});

function kernelOf(fill: (k: KernelBuilder) => void): Kernel {
  const k = new KernelBuilder("refused");
  k.parallel(1, () => fill(k));
  return k.finish();
}

describe("what the printer refuses", () => {
  it("vectors of another width than 128 bits", () => {
    const kernel = kernelOf((k) => k.let(k.load(k.buffer("x", "f32"), 0, 8)));
    expect(() => printWasm(kernel, { relaxed: false })).toThrow(/8 lanes of f32/);
  });

  it("elementary functions of single precision, which math.ts writes out", () => {
    const kernel = kernelOf((k) => k.let(unary("exp", k.load(k.buffer("x", "f32"), 0))));
    expect(() => printWasm(kernel, { relaxed: false })).toThrow(/math\.ts/);
  });

  it("operations that no type has", () => {
    const sqrt = kernelOf((k) => k.let(unary("sqrt", k.load(k.buffer("x", "i32"), 0))));
    expect(() => printWasm(sqrt, { relaxed: false })).toThrow(/sqrt of i32/);
    const mask = kernelOf((k) => k.let(convert(constant("mask", 1), "f32")));
    expect(() => printWasm(mask, { relaxed: false })).toThrow(/does not convert mask to f32/);
    const wide = kernelOf((k) => k.let(bits(k.load(k.buffer("x", "f64"), 0), "i32")));
    expect(() => printWasm(wide, { relaxed: false })).toThrow(/reinterpret_f64/);
  });
});
