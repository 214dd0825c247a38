import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { compile } from "../../src/engine/compile.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { initializeParameters } from "../../src/graph/initialize.js";
import { tensor } from "../../src/graph/types.js";
import { calibrate } from "../../src/measure/calibrate.js";
import { differentiate } from "../../src/passes/autodiff.js";
import { prepareForQuantization, quantizeGraph } from "../../src/passes/quantize.js";
import type { ValuedGraph } from "../../src/passes/fold.js";
import { fineTuneQuantized } from "../../src/train/fine_tune_quantized.js";
import { buildModel } from "../../src/zoo/index.js";
import { otherTargets } from "../graph/op_check.js";

const clips = 24;
const labels = Int32Array.from({ length: clips }, (_, i) => (i * 5) % 4);
const random = new RandomStream(11);
const features = Float32Array.from({ length: clips * 490 }, () => random.normal());

/** Share of the clips that a network of integers labels right. */
async function accuracy({ graph, parameters }: ValuedGraph): Promise<number> {
  const program = await compile(graph, { target: "oracle" });
  for (const [name, data] of parameters) program.write(name, data);
  let right = 0;
  for (let i = 0; i < clips; i++) {
    program.write("features", features.subarray(i * 490, (i + 1) * 490));
    program.run();
    const logits = program.read("logits");
    if (logits.indexOf(Math.max(...logits)) === labels[i]) right++;
  }
  program.close();
  return right / clips;
}

describe("fake_quantize", () => {
  it.each(["oracle", ...otherTargets] as const)(
    "is quantize and dequantize in one; its gradient passes inside the range: %s",
    async (target) => {
      const g = new GraphBuilder("fake");
      const x = g.input("x", tensor("f32", [64]));
      const y = g.op("fake_quantize", [x], { scale: 0.25, low: -100, high: 155 });
      g.output("y", y);
      const d = g.input("d", y.type);
      const found = differentiate(g, { nodes: [...g.nodes], seeds: new Map([[y, d]]), wanted: [x] });
      g.output("dx", found.get(x)!);
      const stored = g.op("quantize", [x], { outputScale: 0.25, outputZeroPoint: -28, outputType: "i8" });
      g.output("wanted", g.op("dequantize", [stored]));
      const program = await compile(g.finish(), { target });
      // No ties: they go to the even number here and away from zero there.
      const values = Float32Array.from({ length: 64 }, (_, i) => (i - 32) * 1.7 + 0.03);
      program.write("x", values);
      program.write("d", new Float32Array(64).fill(3));
      program.run();
      expect([...program.read("y")]).toEqual([...program.read("wanted")]);
      expect([...program.read("dx")]).toEqual([...values].map((v) => (v > -25.125 && v < 38.875 ? 3 : 0)));
      program.close();
    },
  );
});

describe("fineTuneQuantized", () => {
  it("teaches a network of integers what it is shown", async () => {
    const graph = buildModel("dnn_s", {}, { frames: 49, features: 10, labels: 4 });
    const model = prepareForQuantization({ graph, parameters: initializeParameters(graph, 3) });
    const ranges = await calibrate(model, features, "minmax", "oracle");
    const before = await accuracy(quantizeGraph(model, ranges));
    const tuned = await fineTuneQuantized(model, ranges, { features, labels, classes: 4 }, { steps: 60, batch: 16, rate: 2e-3 });
    expect([...tuned.parameters.keys()]).toEqual(model.graph.parameters.map((p) => p.name));
    const after = await accuracy(quantizeGraph(tuned, ranges));
    expect(before).toBeLessThan(0.6);
    expect(after).toBeGreaterThan(0.9);
  });
});
