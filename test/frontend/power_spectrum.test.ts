import { describe, expect, it } from "vitest";
import { compile } from "../../src/engine/compile.js";
import { buildFrontend } from "../../src/frontend/frontend.js";
import { frontendPresets } from "../../src/frontend/presets.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { type Graph, tensor } from "../../src/graph/types.js";
import { fusePowerSpectrum } from "../../src/passes/fuse_power_spectrum.js";
import { largestDifference } from "./golden.js";
import { targets } from "./run.js";

const sound = { samples: 16000, rate: 16000 };

async function run(graph: Graph, target: (typeof targets)[number]): Promise<Float32Array> {
  const program = await compile(graph, { target });
  program.write(
    "audio",
    Float32Array.from({ length: sound.samples }, (_, i) => 0.4 * Math.sin(i * (0.02 + i * 3e-5))),
  );
  program.run();
  const out = program.read("features").slice();
  program.close();
  return out;
}

function opsOf(graph: Graph): string[] {
  return graph.nodes.map((n) => n.op);
}

describe("power_spectrum", () => {
  for (const [name, description] of Object.entries(frontendPresets)) {
    // It has a transform of its own, of integers.
    if (description.kind === "micro") continue;
    it.each(targets.filter((target) => target !== "native" || name === "log_mel_4k"))(
      `is what rfft, square, sum and slice give in ${name}, on %s`,
      async (target) => {
        const graph = buildFrontend(description, sound);
        const fused = fusePowerSpectrum(graph);
        expect(opsOf(graph)).toContain("rfft");
        expect(opsOf(fused)).toContain("power_spectrum");
        for (const op of ["rfft", "square", "sum"]) expect(opsOf(fused)).not.toContain(op);
        // Pre-emphasis takes two slices of the frames; ELL's first of all one of the samples.
        const emphasised = description.kind === "log_mel" && description.preEmphasis !== 0 ? 2 : 0;
        const slices = description.kind === "ell" ? 3 : emphasised;
        expect(opsOf(fused).filter((op) => op === "slice")).toHaveLength(slices);
        expect(largestDifference(await run(fused, target), await run(graph, target))).toBeLessThan(
          description.kind === "log_mel" ? 1.01 : 1e-3,
        );
      },
    );
  }

  it("is not made where the spectrum is used otherwise", () => {
    const builder = new GraphBuilder("spectrum");
    const spectrum = builder.op("rfft", [builder.input("audio", tensor("f32", [2, 16]))], { length: 16 });
    builder.output("power", builder.op("sum", [builder.op("square", [spectrum])], { axes: [1], keep: false }));
    builder.output("spectrum", spectrum);
    const graph = builder.finish();
    expect(fusePowerSpectrum(graph)).toBe(graph);
  });

  it("is not made of a sum over bins", () => {
    const builder = new GraphBuilder("energy");
    const spectrum = builder.op("rfft", [builder.input("audio", tensor("f32", [2, 16]))], { length: 16 });
    builder.output("energy", builder.op("sum", [builder.op("square", [spectrum])], { axes: [2], keep: false }));
    const graph = builder.finish();
    expect(fusePowerSpectrum(graph)).toBe(graph);
  });

  it("leaves a slice that does not begin at bin 0", () => {
    const builder = new GraphBuilder("high");
    const spectrum = builder.op("rfft", [builder.input("audio", tensor("f32", [2, 16]))], { length: 16 });
    const power = builder.op("sum", [builder.op("square", [spectrum])], { axes: [1], keep: false });
    builder.output("high", builder.op("slice", [power], { begin: [0, 4], end: [0, 0], strides: [1, 1] }));
    expect(opsOf(fusePowerSpectrum(builder.finish()))).toEqual(["power_spectrum", "slice"]);
  });
});
