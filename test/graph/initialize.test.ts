import { describe, expect, it } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.js";
import { initializeParameters } from "../../src/graph/initialize.js";
import type { Initializer } from "../../src/graph/types.js";

function initial(shape: number[], initializer: Initializer, seed = 1, name = "w"): Float32Array {
  const builder = new GraphBuilder("g");
  builder.parameter(name, shape, initializer);
  return initializeParameters(builder.finish(), seed).get(name) as Float32Array;
}

function moments(values: Float32Array): { mean: number; deviation: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(variance) };
}

describe("first values", () => {
  it("constants", () => {
    expect([...initial([2, 2], { kind: "zeros" })]).toEqual([0, 0, 0, 0]);
    expect([...initial([2], { kind: "ones" })]).toEqual([1, 1]);
    expect([...initial([2], { kind: "constant", value: 0.5 })]).toEqual([0.5, 0.5]);
    expect([...initial([2, 4], { kind: "parts", values: [0, 3] })]).toEqual([0, 0, 3, 3, 0, 0, 3, 3]);
  });

  it("uniform has a limit for each of equal parts of the last axis", () => {
    const values = initial([5000, 3], { kind: "uniform", limits: [0.1, 0.2, 0.7] });
    const largest = [0, 0, 0];
    values.forEach((value, i) => {
      largest[i % 3] = Math.max(largest[i % 3] as number, Math.abs(value));
    });
    [0.1, 0.2, 0.7].forEach((limit, i) => {
      expect(largest[i]).toBeLessThanOrEqual(Math.fround(limit));
      expect(largest[i]).toBeGreaterThan(0.99 * limit);
    });
  });

  it("glorot_uniform fills its interval evenly", () => {
    const limit = Math.sqrt(6 / 300);
    const values = initial([100, 200], { kind: "glorot_uniform", fanIn: 100, fanOut: 200 });
    const { mean, deviation } = moments(values);
    expect(Math.max(...values)).toBeLessThanOrEqual(Math.fround(limit));
    expect(Math.max(...values)).toBeGreaterThan(limit * 0.999);
    expect(Math.min(...values)).toBeLessThan(-limit * 0.999);
    // Four standard errors of 20,000 draws.
    expect(Math.abs(mean)).toBeLessThan((4 * limit) / Math.sqrt(3 * 20000));
    expect(deviation / (limit / Math.sqrt(3))).toBeCloseTo(1, 1);
  });

  it("truncated_normal ends at two deviations", () => {
    const values = initial([20000], { kind: "truncated_normal", deviation: 0.1 });
    const { mean, deviation } = moments(values);
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(Math.fround(0.2));
    expect(Math.max(...values.map(Math.abs))).toBeGreaterThan(0.198);
    expect(Math.abs(mean)).toBeLessThan(0.003);
    // Deviation of a normal cut at two: 0.87963.
    expect(deviation / 0.087963).toBeCloseTo(1, 1);
  });

  for (const shape of [
    [8, 24],
    [24, 8],
    [2, 3, 5],
    [1, 4],
  ])
    it(`orthogonal [${shape}] has orthonormal rows or columns`, () => {
      const columns = shape.at(-1) as number;
      const values = initial(shape, { kind: "orthogonal" });
      const rows = values.length / columns;
      const few = Math.min(rows, columns);
      const at = (vector: number, i: number): number =>
        rows < columns ? values[vector * columns + i] : values[i * columns + vector];
      for (let a = 0; a < few; a++)
        for (let b = 0; b < few; b++) {
          let dot = 0;
          for (let i = 0; i < Math.max(rows, columns); i++) dot += at(a, i) * at(b, i);
          expect(dot).toBeCloseTo(a === b ? 1 : 0, 5);
        }
    });

  it("depends on seed and name, not on the other parameters", () => {
    const normal: Initializer = { kind: "truncated_normal", deviation: 1 };
    expect(initial([4], normal, 1)).not.toEqual(initial([4], normal, 2));
    expect(initial([4], normal, 1, "a")).not.toEqual(initial([4], normal, 1, "b"));
    const builder = new GraphBuilder("g");
    builder.parameter("first", [9], normal);
    builder.parameter("a", [4], normal);
    expect(initializeParameters(builder.finish(), 1).get("a")).toEqual(initial([4], normal, 1, "a"));
  });
});
