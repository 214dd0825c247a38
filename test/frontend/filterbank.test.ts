import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { compile } from "../../src/engine/compile.js";
import { buildFrontend, describeFrontend, type FrontendInput } from "../../src/frontend/frontend.js";
import { tableValues } from "../../src/graph/ops/table.js";
import { retype } from "../../src/graph/retype.js";
import type { Graph } from "../../src/graph/types.js";
import { bankTables } from "../../src/kernels/filterbank.js";
import { fuseFilterbank } from "../../src/passes/fuse_filterbank.js";
import { fusePowerSpectrum } from "../../src/passes/fuse_power_spectrum.js";
import { largestDifference } from "./golden.js";
import { targets } from "./run.js";

const clips = 3;
const sound = { samples: 2600, rate: 16000 };
const frontends: Record<string, FrontendInput> = {
  "magnitudes of mfcc_tf": { kind: "mfcc_tf", windowMs: 40, strideMs: 20 },
  "powers of mfcc_tf": { kind: "mfcc_tf", windowMs: 25, strideMs: 7, magnitudeSquared: true, melBands: 7, dctCoefficients: 5 },
  "roots of magnitudes of mfcc_op": { kind: "mfcc_op", windowMs: 30, strideMs: 30, magnitudeSquared: false },
  "narrow bands": { kind: "mfcc_op", windowMs: 16, strideMs: 10, melBands: 120, lowerHertz: 0, upperHertz: 8000 },
  "log_mel in hertz": { kind: "log_mel", windowMs: 30, strideMs: 10, fftSize: 1024, melSlope: "hertz", window: "hann_offset" },
};

async function run(graph: Graph, target: (typeof targets)[number]): Promise<Float32Array> {
  const program = await compile(graph, { target });
  const random = new RandomStream(3);
  program.write(
    "audio",
    Float32Array.from(
      { length: clips * sound.samples },
      (_, i) => 0.3 * Math.sin(i * (0.02 + i * 3e-5)) + 0.05 * random.normal(),
    ),
  );
  program.run();
  const out = program.read("features").slice();
  program.close();
  return out;
}

describe("filterbank", () => {
  const cases = Object.entries(frontends).map(([name, input]) => {
    const graph = fusePowerSpectrum(
      retype(buildFrontend(describeFrontend(input), sound), { inputs: { audio: [clips, sound.samples] } }),
    );
    return { name, graph, fused: fuseFilterbank(graph) };
  });

  it.each(targets.flatMap((target) => cases.map((c) => ({ ...c, target }))))(
    "is what frames, window, spectrum and product give: $name, on $target",
    async ({ graph, fused, target }) => {
      const ops = fused.nodes.map(({ op }) => op);
      expect(ops).toContain("filterbank");
      for (const op of ["frame", "power_spectrum", "sqrt"]) expect(ops).not.toContain(op);
      expect(largestDifference(await run(fused, target), await run(graph, "oracle"))).toBeLessThan(2e-4);
    },
  );

  it("leaves a rectangular window and pre-emphasis to the single ops", () => {
    for (const input of [
      { kind: "log_mel", window: "rectangle" },
      { kind: "mfcc_tf", preemphasis: 0.97 },
    ] as const) {
      const graph = fusePowerSpectrum(buildFrontend(describeFrontend(input), sound));
      expect(fuseFilterbank(graph)).toBe(graph);
    }
  });
});

/** The matrix that segments and weights stand for. */
function matrixOf({ segments, weights }: NonNullable<ReturnType<typeof bankTables>>, bins: number, bands: number): Float64Array {
  const matrix = new Float64Array(bins * bands);
  for (let segment = 0; segment <= bands; segment++)
    for (let bin = segments[segment]; bin < segments[segment + 1]; bin++) {
      if (segment > 0) matrix[bin * bands + segment - 1] += weights[2 * bin];
      if (segment < bands) matrix[bin * bands + segment] += weights[2 * bin + 1];
    }
  return matrix;
}

describe("the segments of a bank", () => {
  it("stand for the whole matrix, for any bank of the front ends", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("mel_htk", "mel_op"),
        fc.integer({ min: 1, max: 90 }),
        fc.double({ min: 0, max: 3000, noNaN: true }),
        fc.double({ min: 3100, max: 8000, noNaN: true }),
        fc.constantFrom(64, 256, 1024),
        (kind, bands, lower, upper, points) => {
          const bins = points / 2 + 1;
          const matrix = tableValues({ kind, bins, bands, lower, upper, points, rate: 16000 });
          const tables = bankTables(matrix, bins, bands);
          if (tables === undefined) throw new Error("triangles are a bank");
          expect(matrixOf(tables, bins, bands)).toEqual(matrix);
        },
      ),
    );
  });

  it("are none where a bin has three bands, or bands turn back", () => {
    expect(bankTables(Float64Array.of(1, 1, 1), 1, 3)).toBeUndefined();
    expect(bankTables(Float64Array.of(0, 1, 1, 1, 0, 0), 2, 3)).toBeUndefined();
    expect(bankTables(Float64Array.of(1, 0, 1), 1, 3)).toBeUndefined();
  });
});
