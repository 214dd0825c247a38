import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { type RfftShape, rfftKernel, rfftLanes, rfftPlaces, rfftWorkspace } from "../../src/kernels/rfft.js";
import { rfftPlan } from "../../src/kernels/rfft_plan.js";
import { fft } from "../../src/signal/fft.js";
import { runJavaScript, type TypedArray } from "./kernel_runner.js";
import { relaxedSettings, runWasm } from "./wasm_harness.js";

/** Rows of numbers in [-1, 1). */
function rowsOf(shape: RfftShape): Float64Array {
  const random = new RandomStream(11, shape.rows, shape.samples);
  return Float64Array.from({ length: shape.rows * shape.samples }, () => Math.fround(random.between(-1, 1)));
}

/** The spectrum by the transform of the signal room, in double precision: [rows, 2, bins] or [rows, bins]. */
function expected(shape: RfftShape, x: Float64Array): Float64Array {
  const { rows, samples, length, bins, result } = shape;
  const out = new Float64Array(rows * bins * (result === "power" ? 1 : 2));
  for (let row = 0; row < rows; row++) {
    const real = new Float64Array(length);
    const imaginary = new Float64Array(length);
    real.set(x.subarray(row * samples, (row + 1) * samples).subarray(0, length));
    fft(real, imaginary);
    for (let bin = 0; bin < bins; bin++) {
      const re = real[bin] as number;
      const im = imaginary[bin] as number;
      if (result === "power") out[row * bins + bin] = re * re + im * im;
      else {
        out[2 * row * bins + bin] = re;
        out[(2 * row + 1) * bins + bin] = im;
      }
    }
  }
  return out;
}

type Run = (
  kernel: ReturnType<typeof rfftKernel>,
  length: number,
  fill: (element: string, index: number, length: number) => TypedArray,
) => TypedArray[];

/** Largest difference from the reference, as a part of the spectrum's largest value. */
function error(shape: RfftShape, run: Run): number {
  const x = rowsOf(shape);
  const kernel = rfftKernel("rfft", shape);
  const width = shape.bins * (shape.result === "power" ? 1 : 2);
  const contents = [x, rfftPlan(shape.length).twiddles, rfftPlaces(shape)];
  const elements = Math.max(x.length, contents[1]?.length ?? 0, rfftWorkspace(shape), shape.rows * width);
  const got = run(kernel, elements, (element, index, length) => {
    const array =
      element === "i32" ? new Int32Array(length) : element === "f64" ? new Float64Array(length) : new Float32Array(length);
    // What is not an input starts as rubbish: the kernel must not rely on zeros.
    array.fill(1e9);
    array.set(contents[index] ?? []);
    return array;
  })[4] as TypedArray;
  const wanted = expected(shape, x);
  // Of the whole spectrum: in the first bins alone everything may cancel.
  const spectrum = expected({ ...shape, bins: shape.length / 2 + 1 }, x);
  const largest = spectrum.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  return wanted.reduce((most, v, i) => Math.max(most, Math.abs(v - (got[i] as number))), 0) / Math.max(largest, 1e-30);
}

const shapes = fc
  .record({
    rows: fc.integer({ min: 1, max: 80 }),
    power: fc.integer({ min: 2, max: 8 }),
    fill: fc.double({ min: 0.05, max: 1, noNaN: true }),
    part: fc.double({ min: 0.05, max: 1, noNaN: true }),
    result: fc.constantFrom("complex" as const, "power" as const),
  })
  .map(({ rows, power, fill, part, result }) => {
    const length = 2 ** power;
    const samples = Math.max(1, Math.round(fill * length));
    return { rows, samples, length, bins: Math.max(1, Math.round(part * (length / 2 + 1))), result };
  });

describe("rfft", () => {
  for (const length of [4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048]) {
    it(`equals the double-precision transform for ${length} points in f64`, () => {
      const shape = {
        rows: 2,
        samples: length,
        length,
        bins: length / 2 + 1,
        result: "complex",
        element: "f64",
        lanes: 1,
      } as const;
      expect(error(shape, runJavaScript as Run)).toBeLessThan(1e-14);
    });
  }

  it("is right for any rows, samples, bins in JavaScript, to single precision", () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        expect(error({ ...shape, element: "f32", lanes: 1 }, runJavaScript as Run)).toBeLessThan(5e-7);
      }),
      { numRuns: 60 },
    );
  });

  for (const relaxed of relaxedSettings) {
    const wasm: Run = (kernel, length, fill) => runWasm(kernel, length, relaxed, fill as never);
    it(`is right for any rows, samples, bins in WebAssembly, relaxed ${relaxed}`, () => {
      fc.assert(
        fc.property(shapes, fc.constantFrom(1, 4), (shape, lanes) => {
          expect(error({ ...shape, element: "f32", lanes }, wasm)).toBeLessThan(5e-7);
        }),
        { numRuns: 60 },
      );
    });
  }

  it("gives the same bits however its iterations are cut, and whatever the width", () => {
    const shape = { rows: 75, samples: 50, length: 64, bins: 33, result: "complex", element: "f32" } as const;
    const run = (lanes: number, cuts: number[]): TypedArray => {
      const wide = { ...shape, lanes };
      const contents: ArrayLike<number>[] = [rowsOf(wide), rfftPlan(64).twiddles, rfftPlaces(wide)];
      const fill = (element: string, index: number, length: number): TypedArray => {
        const array = element === "i32" ? new Int32Array(length) : new Float32Array(length);
        array.set(contents[index] ?? []);
        return array;
      };
      return runWasm(rfftKernel("rfft", wide), 8192, false, fill as never, cuts)[4] as TypedArray;
    };
    const whole = run(4, []).slice(0, 75 * 66);
    expect(run(4, [3, 4, 11]).slice(0, 75 * 66)).toEqual(whole);
    expect(run(1, []).slice(0, 75 * 66)).toEqual(whole);
  });

  it("takes narrow vectors for few rows", () => {
    expect(rfftLanes(1, 1024, 16, "f32")).toBe(1);
    expect(rfftLanes(49, 1024, 16, "f32")).toBe(8);
    expect(rfftLanes(4900, 512, 16, "f32")).toBe(16);
    expect(rfftLanes(4900, 16384, 16, "f32")).toBe(4);
    expect(rfftLanes(98, 512, 4, "f32")).toBe(4);
    expect(rfftLanes(98, 512, 16, "f64")).toBe(1);
  });
});
