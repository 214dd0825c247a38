import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { learningRateAt } from "../../src/train/schedule.js";

describe("learning rate", () => {
  it("is piecewise constant, step counted from 1, and keeps its last value", () => {
    const schedule = { kind: "piecewise", rates: [1e-3, 1e-4], steps: [3, 2] } as const;
    expect([1, 2, 3, 4, 5, 6, 60].map((step) => learningRateAt(schedule, step, 5))).toEqual([
      1e-3, 1e-3, 1e-3, 1e-4, 1e-4, 1e-4, 1e-4,
    ]);
  });

  it("falls exponentially to the last rate (kws_streaming exp)", () => {
    const schedule = { kind: "exponential", first: 0.01, last: 0.0001 } as const;
    expect(learningRateAt(schedule, 1000, 1000)).toBeCloseTo(0.0001, 12);
    expect(learningRateAt(schedule, 500, 1000)).toBeCloseTo(0.001, 12);
    expect(learningRateAt(schedule, 1, 1000)).toBeCloseTo(0.01 * Math.exp(-Math.log(100) / 1000), 12);
  });

  it("warms up linearly and falls as half a cosine", () => {
    const schedule = { kind: "cosine", rate: 2e-3, last: 1e-5, warmup: 200 } as const;
    expect(learningRateAt(schedule, 100, 9000)).toBeCloseTo(1e-3, 12);
    expect(learningRateAt(schedule, 200, 9000)).toBeCloseTo(2e-3, 12);
    expect(learningRateAt(schedule, 4600, 9000)).toBeCloseTo((2e-3 + 1e-5) / 2, 12);
    expect(learningRateAt(schedule, 9000, 9000)).toBeCloseTo(1e-5, 12);
  });

  it("goes up again as often as there are peaks, and ends on the last rate", () => {
    const schedule = { kind: "cosine", rate: 0.005, last: 0.0005, warmup: 0, peaks: 1 } as const;
    const rates = [100, 200, 300].map((step) => learningRateAt(schedule, step, 300));
    [0.0005, 0.005, 0.0005].forEach((rate, i) => expect(rates[i]).toBeCloseTo(rate, 12));
    expect(learningRateAt({ ...schedule, peaks: 0 }, 150, 300)).toBeCloseTo(0.00275, 12);
  });

  it("is multiplied by gamma every so many steps, and may begin anew behind a third", () => {
    const schedule = { kind: "decay", rate: 0.1, gamma: 0.5, every: 10, restart: false } as const;
    expect([9, 10, 29].map((step) => learningRateAt(schedule, step, 90))).toEqual([0.1, 0.05, 0.025]);
    const anew = { ...schedule, every: 1, gamma: 0.9, restart: true };
    expect(learningRateAt(anew, 30, 90)).toBeCloseTo(0.1 * 0.9 ** 30, 12);
    expect(learningRateAt(anew, 31, 90)).toBeCloseTo(0.09, 12);
    expect(learningRateAt(anew, 90, 90)).toBeCloseTo(0.1 * 0.9 ** 60, 12);
  });

  it("goes down, up and down again in straight lines (EdgeML's TriangleLR)", () => {
    const schedule = { kind: "triangular", rate: 0.1, last: 0.01, peaks: 1, gamma: 1 } as const;
    const rates = [0, 50, 100, 150, 200, 250, 300, 400].map((step) => learningRateAt(schedule, step, 300));
    [0.1, 0.055, 0.01, 0.055, 0.1, 0.055, 0.01, 0.01].forEach((rate, i) => expect(rates[i]).toBeCloseTo(rate, 12));
    const falling = { ...schedule, gamma: 0.99 };
    expect(learningRateAt(falling, 200, 300)).toBeCloseTo(0.01 + 0.09 * 0.99 ** (200 / 3), 12);
    expect(learningRateAt({ ...schedule, peaks: 0 }, 150, 300)).toBeCloseTo(0.055, 12);
  });

  it("never leaves the range of its rates", () => {
    const rate = fc.double({ min: 1e-6, max: 1, noNaN: true });
    fc.assert(
      fc.property(rate, rate, fc.integer({ min: 0, max: 50 }), fc.integer({ min: 1, max: 100 }), (a, b, warmup, step) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const falling = learningRateAt({ kind: "exponential", first: high, last: low }, step, 100);
        expect(falling).toBeGreaterThanOrEqual(low * (1 - 1e-9));
        expect(falling).toBeLessThanOrEqual(high);
        const cosine = learningRateAt({ kind: "cosine", rate: high, last: low, warmup }, step, 100);
        expect(cosine).toBeGreaterThan(0);
        expect(cosine).toBeLessThanOrEqual(high * (1 + 1e-12));
      }),
    );
  });
});
