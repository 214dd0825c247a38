import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { compile } from "../../src/engine/compile.js";
import { initializeParameters } from "../../src/graph/initialize.js";
import { retype } from "../../src/graph/retype.js";
import type { Graph } from "../../src/graph/types.js";
import { fuse } from "../../src/passes/fuse.js";
import { hoist } from "../../src/passes/hoist.js";
import { simplify } from "../../src/passes/simplify.js";
import { buildTrainingStep, differentiatedStep } from "../../src/train/step.js";
import { buildModel } from "../../src/zoo/index.js";

const batch = 3;

async function oneStep(graph: Graph, model: Graph): Promise<Map<string, Float32Array>> {
  const program = await compile(graph, { target: "oracle" });
  const random = new RandomStream(3);
  for (const [name, values] of initializeParameters(model, 5)) program.write(name, values);
  const features = program.read("features");
  for (let i = 0; i < features.length; i++) features[i] = random.normal();
  const targets = program.read("targets");
  for (let i = 0; i < batch; i++) targets[i * 12 + random.integer(12)] = 1;
  program.read("weights").fill(1);
  program.write("learning_rate", [0.5]);
  program.write("correction1", [1]);
  program.write("correction2", [1]);
  program.write("seed", [1, 1]);
  program.run();
  const out = new Map(graph.states.map((s) => [s.name, Float32Array.from(program.read(s.name))]));
  out.set("loss", Float32Array.from(program.read("loss")));
  return out;
}

function largestDifference(a: ReadonlyMap<string, Float32Array>, b: ReadonlyMap<string, Float32Array>): number {
  let worst = 0;
  for (const [name, values] of a) values.forEach((v, i) => (worst = Math.max(worst, Math.abs(v - b.get(name)![i]!))));
  return worst;
}

const optimizer = { kind: "sgd" as const, momentum: 0 };

describe("passes change no result but by rounding", () => {
  for (const name of ["crnn", "ds_cnn_s", "svdf"]) {
    it(name, async () => {
      const features = name === "crnn" ? 20 : name === "svdf" ? 30 : 10;
      const graph = buildModel(name, {}, { frames: 49, features, labels: 12 });
      const model = retype(graph, { inputs: { features: [batch, 49, features] } });
      const plain = differentiatedStep(model, { optimizer });
      const expected = await oneStep(plain, graph);
      for (const pass of [simplify, hoist, fuse]) {
        const after = await oneStep(pass(plain), graph);
        expect(largestDifference(expected, after), pass.name).toBeLessThan(2e-6);
      }
      expect(largestDifference(expected, await oneStep(buildTrainingStep(model, { optimizer }), graph))).toBeLessThan(2e-6);
    });
  }

  it("leaves in crnn's loops only the recurrent product, its gradient and element-wise work", () => {
    const model = retype(buildModel("crnn", {}, { frames: 49, features: 20, labels: 12 }), {
      inputs: { features: [batch, 49, 20] },
    });
    const loops = buildTrainingStep(model, { optimizer }).nodes.filter((n) => n.op === "scan");
    const products = loops.map((n) => n.body!.nodes.map((m) => m.op).filter((op) => op.startsWith("dense")));
    expect(products).toEqual([["dense"], ["dense"]]);
  });
});
