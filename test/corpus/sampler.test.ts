import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/base/errors.js";
import { permute } from "../../src/corpus/permutation.js";
import type { SamplerOptions } from "../../src/corpus/sampler.js";
import { Sampler } from "../../src/corpus/sampler.js";

// 3 classes: 10 of 0, 50 of 1, 40 of 2 in the first source; 5 of 1 and 20 of 2 in the second.
const first = { labels: [...Array(10).fill(0), ...Array(50).fill(1), ...Array(40).fill(2)] as number[] };
const second = { labels: [...Array(5).fill(1), ...Array(20).fill(2)] as number[] };
const base = { seed: 3, classes: 3, batch: 32 };

/** Relative frequency of each key over many draws. */
function frequencies(
  options: SamplerOptions,
  key: (source: number, clip: number, label: number) => string,
  draws = 20_000,
): Record<string, number> {
  const sampler = new Sampler(options);
  const counts: Record<string, number> = {};
  for (let i = 0; i < draws; i++) {
    const { source, clip } = sampler.draw(1 + Math.floor(i / 32), i % 32);
    const name = key(source, clip, options.sources[source].labels[clip]);
    counts[name] = (counts[name] ?? 0) + 1 / draws;
  }
  return counts;
}

describe("passes", () => {
  const walked = (options: Partial<SamplerOptions>, steps: number[]) => {
    const sampler = new Sampler({ ...base, sources: [first, second], order: "epochs", ...options });
    return steps.flatMap((step) => Array.from({ length: 32 }, (_, slot) => sampler.draw(step, slot)));
  };
  const key = ({ source, clip }: { source: number; clip: number }) => `${source} ${clip}`;

  it("begin where they are told to, each with every clip once", () => {
    // 125 clips: three batches of 32 leave 29 out.
    const passStarts = Int32Array.of(1, 4, 7);
    const [one, two] = [walked({ passStarts }, [1, 2, 3]), walked({ passStarts }, [4, 5, 6])].map((draws) => draws.map(key));
    expect([new Set(one).size, new Set(two).size]).toEqual([96, 96]);
    expect(one).not.toEqual(two);
    expect(walked({ passStarts }, [2, 5]).map(key)).toEqual([
      ...(one as string[]).slice(32, 64),
      ...(two as string[]).slice(32, 64),
    ]);
  });

  it("draw clips of one label, so many that they make up their share", () => {
    // 70 of the other labels once, 70 of label 1 drawn from 55.
    const draws = walked({ batch: 32, drawn: { label: 1, share: 0.5 }, passStarts: Int32Array.of(1) }, [1, 2, 3, 4]);
    const labelOf = ({ source, clip }: (typeof draws)[number]) => [first, second][source].labels[clip];
    const others = draws.filter((draw) => labelOf(draw) !== 1).map(key);
    const drawn = draws.filter((draw) => labelOf(draw) === 1).map(key);
    expect(new Set(others).size).toBe(others.length);
    expect(drawn.length).toBeGreaterThan(50);
    expect(new Set(drawn).size).toBeLessThan(drawn.length);
    expect(() => walked({ drawn: { label: 0, share: 0.5 }, sources: [second] }, [1])).toThrow(UsageError);
  });
});

describe("permutation", () => {
  it("is one, for every size and key", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 700 }), fc.integer(), fc.integer(), (size, a, b) => {
        const items = Array.from({ length: size }, (_, i) => permute(i, size, a, b)).toSorted((x, y) => x - y);
        expect(items).toEqual(Array.from({ length: size }, (_, i) => i));
      }),
      { numRuns: 200 },
    );
  });
});

describe("sampler", () => {
  it("is a pure function of seed, step and slot", () => {
    for (const order of ["uniform", "balanced", "walk", "epochs"] as const) {
      const [one, two, other] = [7, 7, 8].map((seed) => new Sampler({ ...base, sources: [first, second], order, seed }));
      const places = [5, 900, 1, 77].flatMap((step) => [3, 0, 31].map((slot) => [step, slot] as const));
      const draws = (sampler: Sampler) => places.map(([step, slot]) => sampler.draw(step, slot));
      expect(draws(one)).toEqual(draws(two));
      expect(draws(one)).not.toEqual(draws(other));
    }
  });

  it("draws every clip equally often unless weights say otherwise", () => {
    const uniform = frequencies({ ...base, sources: [first, second] }, (source) => `${source}`);
    expect(uniform["1"]).toBeCloseTo(0.2, 1);
    expect(Object.keys(frequencies({ ...base, sources: [first, second] }, (source, clip) => `${source}/${clip}`)).length).toBe(
      125,
    );
    const weighted = frequencies(
      {
        ...base,
        sources: [
          { ...first, weight: 1 },
          { ...second, weight: 3 },
          { labels: [], weight: 9 },
        ],
      },
      (source) => `${source}`,
    );
    expect(weighted["1"]).toBeCloseTo(0.75, 1);
    expect(weighted["2"]).toBeUndefined();
  });

  it("balances classes, with shares", () => {
    const shares = new Map([[0, 1 / 12]]);
    const classes = frequencies(
      { ...base, sources: [first, second], order: "balanced", shares },
      (_source, _clip, label) => `${label}`,
    );
    for (const [label, share] of [1 / 12, 11 / 24, 11 / 24].entries())
      expect(Math.abs(classes[label] - share)).toBeLessThan(0.015);
    const sources = frequencies(
      {
        ...base,
        sources: [
          { ...first, weight: 1 },
          { ...second, weight: 1 },
        ],
        order: "balanced",
        shares,
      },
      (source, _clip, label) => `${label}/${source}`,
    );
    expect(Math.abs(sources["2/1"] - 11 / 48)).toBeLessThan(0.015);
    expect(sources["0/1"]).toBeUndefined();
  });

  it("walks through all clips in a fixed shuffled order", () => {
    const sampler = new Sampler({ ...base, sources: [first, second], order: "walk", batch: 25 });
    const pass = (from: number) =>
      Array.from({ length: 125 }, (_, i) => sampler.draw(from + Math.floor(i / 25), i % 25)).map(
        ({ source, clip }) => source * 100 + clip,
      );
    expect(new Set(pass(1)).size).toBe(125);
    expect(pass(6)).toEqual(pass(1));
    expect(pass(1)).not.toEqual(pass(1).toSorted((a, b) => a - b));
    const epochs = new Sampler({ ...base, sources: [{ labels: [] }, first, second], order: "epochs", batch: 25 });
    const epoch = (from: number) =>
      Array.from({ length: 125 }, (_, i) => epochs.draw(from + Math.floor(i / 25), i % 25)).map(
        ({ source, clip }) => source * 100 + clip,
      );
    expect([new Set(epoch(1)).size, new Set(epoch(6)).size]).toEqual([125, 125]);
    expect(epoch(6)).not.toEqual(epoch(1));
  });

  it("says what is wrong", () => {
    const make = (options: Partial<SamplerOptions>) => () => new Sampler({ ...base, sources: [first], ...options });
    expect(make({ sources: [{ labels: [] }] })).toThrow(/no training clips/);
    expect(make({ sources: [{ ...first, weight: -1 }] })).toThrow(UsageError);
    expect(make({ sources: [{ ...first, weight: 0 }] })).toThrow(/all weights are 0/);
    expect(
      make({
        order: "balanced",
        shares: new Map([
          [0, 0.7],
          [1, 0.6],
        ]),
      }),
    ).toThrow(/sum to 1\.29/);
    expect(make({ order: "balanced", sources: [second], shares: new Map([[0, 0.1]]) })).toThrow(
      /class 0 has the share 0\.1 but no training clip/,
    );
  });
});
