import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { compile } from "../../src/engine/compile.js";
import { initializeParameters } from "../../src/graph/initialize.js";
import { parseGraph } from "../../src/graph/text_parse.js";
import { printGraph } from "../../src/graph/text_print.js";
import { type Graph, type ParameterData, sizeOf } from "../../src/graph/types.js";
import { calibrate } from "../../src/measure/calibrate.js";
import { layerErrors } from "../../src/measure/layer_errors.js";
import { prepareForQuantization, quantizeGraph, type QuantizeOptions } from "../../src/passes/quantize.js";
import { buildModel } from "../../src/zoo/index.js";
import { otherTargets } from "../graph/op_check.js";

const small: [name: string, options: Record<string, unknown>][] = [
  ["ds_cnn_s", {}],
  ["cnn_s", {}],
  ["dnn_s", {}],
  [
    "svdf",
    { svdfUnits1: [24, 24], svdfMemorySize: [4, 6], svdfAct: ["relu", "relu"], svdfUnits2: [16, -1], svdfDropout: [0, 0] },
  ],
  ["crnn", { gruUnits: [24] }],
  ["crnn_state", { gruUnits: [24] }],
];

const shape = { frames: 49, features: 10, labels: 12 };

async function prepared(name: string, options: Record<string, unknown>) {
  const graph = buildModel(name, options, shape);
  const model = prepareForQuantization({ graph, parameters: initializeParameters(graph, 3) });
  const random = new RandomStream(5);
  const features = Float32Array.from({ length: 8 * 490 }, () => random.normal());
  return { model, features, ranges: await calibrate(model, features, "minmax", "oracle") };
}

async function run(
  graph: Graph,
  parameters: ReadonlyMap<string, ParameterData>,
  features: Float32Array,
  target: "oracle" | "wasm" | "native",
) {
  const program = await compile(graph, { target });
  for (const [name, data] of parameters) program.write(name, data);
  for (const { name, input } of graph.states)
    program.write(name, new Float32Array(sizeOf(input.type.shape)).fill(input.type.quantization?.zeroPoint[0] ?? 0));
  program.write("features", features);
  program.run();
  const logits = [...program.view("logits")];
  program.close();
  return logits;
}

/** Ops that compute on real numbers. */
const floatOps = (graph: Graph): string[] =>
  graph.nodes.flatMap((n) => [...(n.outputs[0]!.type.dtype === "f32" ? [n.op] : []), ...(n.body ? floatOps(n.body) : [])]);

describe("quantizeGraph", () => {
  it("names all ops that have no integer form, and leaves them float where told", async () => {
    const { model, ranges } = await prepared("kws_streaming/tc_resnet", { channels: [8, 12], useLayerNorm: 1 });
    expect(() => quantizeGraph(model, ranges)).toThrow(
      "ops square, rsqrt have no integer form: let them stay float with --float-ops square,rsqrt",
    );
    const { graph } = quantizeGraph(model, ranges, { float: ["square", "rsqrt"] });
    expect(graph.nodes.map(({ op }) => op)).toContain("rsqrt");
  });

  it("takes a branch times 0", async () => {
    const one = { cnn2FiltersBranch0: [4], cnn2FiltersBranch1: [4], cnn2FiltersBranch2: [4], cnn2Strides: [1] };
    const { model, features, ranges } = await prepared("kws_streaming/inception_resnet", {
      ...one,
      cnn1Filters: [4],
      cnn2KernelSizes: [3],
      cnn2Scales: [0],
    });
    const { graph, parameters } = quantizeGraph(model, ranges);
    const clip = features.subarray(0, 490);
    const wanted = await run(model.graph, model.parameters, clip, "wasm");
    const found = await run(graph, parameters, clip, "wasm");
    const spread = Math.max(...wanted) - Math.min(...wanted);
    expect(Math.max(...found.map((v, i) => Math.abs(v - (wanted[i] as number))))).toBeLessThan(0.1 * spread);
  });

  it.each(small)("%s: only integers inside, near the float network, the same bits on every target", async (name, options) => {
    const { model, features, ranges } = await prepared(name, options);
    for (const recurrent of ["int8", "int16"] as const) {
      const { graph, parameters } = quantizeGraph(model, ranges, { recurrent });
      expect(floatOps(graph)).toEqual(["dequantize"]);
      expect([...parameters.values()].every((data) => data instanceof Int8Array || data instanceof Int32Array)).toBe(true);
      const clip = features.subarray(0, 490);
      const wanted = await run(model.graph, model.parameters, clip, "oracle");
      const found = await run(graph, parameters, clip, "oracle");
      const spread = Math.max(...wanted) - Math.min(...wanted);
      wanted.forEach((w, i) => expect(Math.abs(found[i]! - w)).toBeLessThan(0.15 * spread));
      for (const target of otherTargets) expect(await run(graph, parameters, clip, target as "wasm" | "native")).toEqual(found);
      if (!graph.nodes.some((n) => n.op === "scan")) break;
    }
  });

  it("int8 in and out gives the integers that the float form dequantizes", async () => {
    const { model, features, ranges } = await prepared("ds_cnn_s", {});
    const float = quantizeGraph(model, ranges);
    const integer = quantizeGraph(model, ranges, { io: "int8" });
    expect(integer.graph.inputs[0]!.value.type.dtype).toBe("i8");
    const { scale, zeroPoint } = integer.graph.outputs[0]!.value.type.quantization!;
    const input = integer.graph.inputs[0]!.value.type.quantization!;
    const clip = features.subarray(0, 490);
    const stored = clip.map((x) => Math.max(-128, Math.min(127, Math.round(x / input.scale[0]!) + input.zeroPoint[0]!)));
    const logits = await run(integer.graph, integer.parameters, stored, "oracle");
    const real = await run(float.graph, float.parameters, clip, "oracle");
    expect(logits.map((q) => Math.fround(Math.fround(scale[0]!) * (q - zeroPoint[0]!)))).toEqual(real);
  });

  it("what is listed stays float, and a graph of integers survives its text", async () => {
    const { model, features, ranges } = await prepared("ds_cnn_s", {});
    const { graph } = quantizeGraph(model, ranges, { float: ["blocks.1.depthwise", "mean"] });
    expect(graph.nodes.map((n) => n.op)).toEqual(expect.arrayContaining(["depthwise_conv2d", "mean", "quantized_conv2d"]));
    expect(printGraph(parseGraph(printGraph(graph), "text"))).toBe(printGraph(graph));
    const quantized = quantizeGraph(model, ranges);
    const errors = await layerErrors(model, quantized, features);
    expect(errors.length).toBeGreaterThan(8);
    for (const e of errors) expect(e.signalToNoise).toBeGreaterThan(15);
  });

  it("a name that is no layer is refused, an op of another network is not", async () => {
    const { model, ranges } = await prepared("ds_cnn_s", {});
    const made = (options: QuantizeOptions) => () => quantizeGraph(model, ranges, options);
    expect(made({ wide: ["blocks.9.depthwis"] })).toThrow("the network has no layer 'blocks.9.depthwis'; did you mean 'blocks.");
    expect(made({ wide: ["softmax"] })).toThrow(/no layer 'softmax'; its layers are stem\.convolution, blocks\.0\.depthwise,/);
    expect(made({ float: ["sofmax"] })).toThrow("the network has no layer or op 'sofmax'; did you mean 'softmax'?");
    expect(made({ float: ["tanh"] })).not.toThrow();
  });

  it("every method's range lies inside what was seen", async () => {
    const { model, features, ranges } = await prepared("dnn_s", {});
    for (const method of ["percentile", "entropy", "error"] as const) {
      const other = await calibrate(model, features, method, "oracle");
      for (const [value, { low, high }] of other) {
        const seen = ranges.get(value)!;
        expect(low).toBeGreaterThanOrEqual(seen.low);
        expect(high).toBeLessThanOrEqual(seen.high);
        expect(high - low).toBeGreaterThan(0.2 * (seen.high - seen.low));
      }
    }
  });
});
