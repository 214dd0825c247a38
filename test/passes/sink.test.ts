import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { compile } from "../../src/engine/compile.js";
import { initializeParameters } from "../../src/graph/initialize.js";
import { type Graph, type ParameterData, sizeOf } from "../../src/graph/types.js";
import { calibrate } from "../../src/measure/calibrate.js";
import { optimize } from "../../src/passes/optimize.js";
import { prepareForQuantization, quantizeGraph } from "../../src/passes/quantize.js";
import { sink } from "../../src/passes/sink.js";
import { buildModel } from "../../src/zoo/index.js";

const random = new RandomStream(5);
const features = Float32Array.from({ length: 4 * 490 }, () => random.normal());

/** A small crnn, and the same in integers. */
async function models(): Promise<[string, Graph, ReadonlyMap<string, ParameterData>][]> {
  const graph = buildModel("crnn", { gruUnits: [40] }, { frames: 49, features: 10, labels: 12 });
  const ready = prepareForQuantization({ graph, parameters: initializeParameters(graph, 3) });
  const ranges = await calibrate(ready, features, "minmax", "wasm");
  const quantized = quantizeGraph(ready, ranges, { recurrent: "int16" });
  return [
    ["float", ready.graph, ready.parameters],
    ["int8", quantized.graph, quantized.parameters],
  ];
}

async function logitsOf(graph: Graph, parameters: ReadonlyMap<string, ParameterData>): Promise<number[]> {
  const program = await compile(graph, { target: "oracle" });
  for (const [name, data] of parameters) program.write(name, data);
  program.write("features", features.subarray(0, 490));
  program.run();
  const logits = [...program.view("logits")];
  program.close();
  return logits;
}

/** Elements of the sequences of a graph's scans. */
const sequenceSizes = (graph: Graph): number[] =>
  graph.nodes
    .filter((n) => n.op === "scan")
    .map(({ inputs, attributes }) => {
      const states = Number(attributes["states"]);
      return inputs.slice(states, states + Number(attributes["sequences"])).reduce((sum, v) => sum + sizeOf(v.type.shape), 0);
    });

describe("sink", () => {
  it("puts the input's product back into the cell of a GRU: the same results, smaller sequences", async () => {
    for (const [name, graph, parameters] of await models()) {
      const before = optimize(graph);
      const after = sink(before);
      // Three gates' products of what the convolutions give, or that itself.
      const [large, small] = [sequenceSizes(before), sequenceSizes(after)];
      expect(large.length, name).toBe(1);
      expect(small[0], name).toBeLessThan(large[0]!);
      const count = (g: Graph, op: string): number => g.nodes.filter((n) => n.op.endsWith(op)).length;
      expect(count(after, "dense"), name).toBe(count(before, "dense") - 1);
      expect(count(after, "transpose"), name).toBe(0);
      const [wanted, found] = [await logitsOf(before, parameters), await logitsOf(after, parameters)];
      for (const [i, x] of wanted.entries()) expect(Math.abs(x - found[i]!), name).toBeLessThan(name === "int8" ? 1e-9 : 1e-5);
    }
  });

  it("leaves alone what shrinks, what others use, and graphs without scans", () => {
    const graph = optimize(buildModel("ds_cnn_s", {}, { frames: 49, features: 10, labels: 12 }));
    expect(sink(graph).nodes).toEqual(graph.nodes);
    const wide = buildModel("crnn", { gruUnits: [4] }, { frames: 49, features: 10, labels: 12 });
    const narrow = optimize(wide);
    // 12 values for a step are fewer than the convolutions' maps have.
    expect(sequenceSizes(sink(narrow))).toEqual(sequenceSizes(narrow));
  });
});
