import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { compile } from "../../src/engine/compile.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import type { Graph, ParameterData } from "../../src/graph/types.js";
import { calibrate } from "../../src/measure/calibrate.js";
import { layerErrors } from "../../src/measure/layer_errors.js";
import { foldBatchNorm, type ValuedGraph } from "../../src/passes/fold.js";
import { levelChannels } from "../../src/passes/level_channels.js";
import { normAsProduct } from "../../src/passes/norm_as_product.js";
import { quantizeGraph } from "../../src/passes/quantize.js";

/** A convolution with bias and relu, a norm behind it, and a second convolution; the norm's factors span a hundred. */
function network(): ValuedGraph {
  const g = new GraphBuilder("network");
  const x = g.input("features", { dtype: "f32", shape: [1, 20, 6, 1] });
  const random = new RandomStream(4);
  const parameters = new Map<string, Float32Array>();
  const add = (name: string, shape: number[], make: (i: number) => number) => {
    const size = shape.reduce((p, n) => p * n, 1);
    parameters.set(
      name,
      Float32Array.from({ length: size }, (_, i) => make(i)),
    );
    return g.parameter(name, shape, { kind: "zeros" });
  };
  const convolution = { strides: [1, 1], dilations: [1, 1], padding: "same" };
  const proportions = [1, 0.1, 0.01, 3];
  const kernel = add("first.kernel", [3, 1, 1, 4], (i) => proportions[i % 4]! * random.between(-1, 1));
  const bias = add("first.bias", [4], (i) => proportions[i]! * 0.2);
  const heard = g.op("relu", [g.op("add", [g.op("conv2d", [x, kernel], convolution), bias])]);
  const mean = add("first.norm.mean", [4], (i) => proportions[i]! * 0.3);
  const variance = add("first.norm.variance", [4], (i) => (proportions[i]! * 0.5) ** 2);
  const beta = add("first.norm.beta", [4], () => random.between(-1, 1));
  const gamma = add("first.norm.gamma", [4], (i) => (i === 1 ? -1 : 1));
  const norm = g.op("batch_norm", [heard, mean, variance, beta, gamma], { epsilon: 1e-9, center: true, scale: true, axis: 3 });
  const second = add("second.kernel", [3, 1, 4, 2], () => random.between(-1, 1));
  g.output("logits", g.op("conv2d", [norm, second], convolution));
  return { graph: g.finish(), parameters };
}

const features = (): Float32Array => {
  const random = new RandomStream(9);
  return Float32Array.from({ length: 8 * 120 }, () => random.normal());
};

async function run(graph: Graph, parameters: ReadonlyMap<string, ParameterData>): Promise<Float64Array> {
  const program = await compile(graph, { target: "oracle" });
  for (const { name } of graph.parameters) program.write(name, parameters.get(name)!);
  program.write("features", features().subarray(0, 120));
  program.run();
  const logits = Float64Array.from(program.view("logits"));
  program.close();
  return logits;
}

const nearness = async (model: ValuedGraph, wide: readonly string[] = []): Promise<number> => {
  const quantized = quantizeGraph(model, await calibrate(model, features(), "minmax", "oracle"), { wide });
  return (await layerErrors(model, quantized, features())).at(-1)!.signalToNoise;
};

describe("channels of a relu in the proportions of the norm behind it", () => {
  const plain = normAsProduct(foldBatchNorm(network()));
  const levelled = levelChannels(plain);

  it("compute the same, with factors of 1 and -1 behind the relu", async () => {
    const [a, b] = [await run(plain.graph, plain.parameters), await run(levelled.graph, levelled.parameters)];
    a.forEach((v, i) => expect(Math.abs(v - b[i]!)).toBeLessThan(1e-5));
    expect([...levelled.parameters.get("first.norm.kernel")!]).toEqual([1, -1, 1, 1]);
    expect([...plain.parameters.get("first.norm.kernel")!].map(Math.abs).toSorted((p, q) => q - p)[0]).toBeGreaterThan(100);
  });

  it("lose less by integers, and next to nothing where the layers have 16 bits", async () => {
    const [before, after] = [await nearness(plain), await nearness(levelled)];
    expect(after).toBeGreaterThan(before + 6);
    expect(await nearness(levelled, ["first", "first.norm", "second"])).toBeGreaterThan(after + 6);
  });
});
