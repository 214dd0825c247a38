import { describe, expect, it } from "vitest";
import { KernelBuilder } from "../../src/kernels/kernel_builder.js";
import { type Expression, type Kernel, mul } from "../../src/kernels/language.js";
import { exp, log, sigmoid, tanh } from "../../src/kernels/math.js";
import { runJavaScript, type TypedArray } from "./kernel_runner.js";
import { relaxedSettings, runWasm } from "./wasm_harness.js";

const length = 16384;

interface Range {
  readonly name: string;
  readonly f: (k: KernelBuilder, x: Expression) => Expression;
  readonly exact: (x: number) => number;
  readonly from: number;
  readonly to: number;
  /** Points are spread evenly in x, or in log x. */
  readonly logarithmic?: boolean;
  /** Allowed error in units in the last place of the exact result. */
  readonly ulp: number;
}

const exactSigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const ranges: Range[] = [
  { name: "exp", f: exp, exact: Math.exp, from: -87, to: 88, ulp: 2 },
  { name: "exp near 0", f: exp, exact: Math.exp, from: -1, to: 1, ulp: 2 },
  { name: "log", f: log, exact: Math.log, from: 1e-37, to: 3e38, logarithmic: true, ulp: 2 },
  { name: "log near 1", f: log, exact: Math.log, from: 0.5, to: 2, ulp: 2 },
  { name: "sigmoid", f: sigmoid, exact: exactSigmoid, from: -80, to: 80, ulp: 4 },
  { name: "tanh", f: tanh, exact: Math.tanh, from: -20, to: 20, ulp: 3 },
  { name: "tanh near 0", f: tanh, exact: Math.tanh, from: 1e-30, to: 1, logarithmic: true, ulp: 3 },
];

function kernelOf(f: Range["f"], lanes: number): Kernel {
  const k = new KernelBuilder("elementary");
  const x = k.buffer("x", "f32");
  const o = k.buffer("o", "f32", true);
  k.parallel(length / lanes, (p) => k.store(o, mul(p, lanes), f(k, k.let(k.load(x, mul(p, lanes), lanes)))));
  return k.finish();
}

function points(range: Range): Float32Array {
  const [a, b] = range.logarithmic ? [Math.log(range.from), Math.log(range.to)] : [range.from, range.to];
  return Float32Array.from({ length }, (_, i) => {
    const t = a + ((b - a) * i) / (length - 1);
    return range.logarithmic ? Math.exp(t) : t;
  });
}

/** Distance of neighbouring floats at x. */
function unitInTheLastPlace(x: number): number {
  return 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(x)))) - 23);
}

function worst(range: Range, got: readonly TypedArray[]): number {
  const [x, y] = got as [Float32Array, Float32Array];
  let largest = 0;
  for (let i = 0; i < length; i++) {
    const exact = range.exact(x[i] as number);
    const error = exact === (y[i] as number) ? 0 : Math.abs((y[i] as number) - exact) / unitInTheLastPlace(exact);
    if (!(error <= largest)) largest = error;
  }
  return largest;
}

describe.each(ranges.map((r) => [r.name, r] as const))("%s", (_, range) => {
  const fill = (_element: unknown, index: number): TypedArray => (index === 0 ? points(range) : new Float32Array(length));

  it(`within ${range.ulp} ulp in JavaScript`, () => {
    expect(worst(range, runJavaScript(kernelOf(range.f, 1), length, fill))).toBeLessThanOrEqual(range.ulp);
  });

  it.each(relaxedSettings)(`within ${range.ulp} ulp in WebAssembly, relaxed %s`, (relaxed) => {
    expect(worst(range, runWasm(kernelOf(range.f, 4), length, relaxed, fill))).toBeLessThanOrEqual(range.ulp);
  });
});

describe.each(relaxedSettings)("at the edges, relaxed %s", (relaxed) => {
  function values(f: Range["f"], inputs: readonly number[]): number[] {
    const fill = (_element: unknown, index: number): TypedArray => {
      const x = new Float32Array(length);
      if (index === 0) x.set(inputs);
      return x;
    };
    const [, y] = runWasm(kernelOf(f, 4), length, relaxed, fill) as [Float32Array, Float32Array];
    return [...y.subarray(0, inputs.length)];
  }
  const extremes = [Number.NEGATIVE_INFINITY, -1e30, -0, 0, 1e30, Number.POSITIVE_INFINITY];

  it("sigmoid and tanh reach their limits", () => {
    expect(values(tanh, extremes).map((y) => y + 0)).toEqual([-1, -1, 0, 0, 1, 1]);
    const limits = values(sigmoid, extremes);
    expect(limits.slice(2)).toEqual([0.5, 0.5, 1, 1]);
    expect(Math.max(...limits.slice(0, 2))).toBeLessThan(1e-37);
  });

  it("exp neither overflows nor becomes negative", () => {
    const [a, b, one, , c, d] = values(exp, extremes) as number[];
    expect(one).toBe(1);
    for (const small of [a, b]) expect(small).toSatisfy((x: number) => x >= 0 && x < 1.3e-38);
    for (const large of [c, d]) expect(large).toSatisfy((x: number) => x > 1e38 && Number.isFinite(x));
  });
});
