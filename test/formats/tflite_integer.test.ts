import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { probabilitiesOf } from "../../src/detect/model_stream.js";
import { compile } from "../../src/engine/compile.js";
import type { Model } from "../../src/formats/model.js";
import { describeFrontend } from "../../src/frontend/frontend.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { quantizedType } from "../../src/graph/quantized.js";
import { activationScale, scaleForSums } from "../../src/passes/quantize_scale.js";
import { openLiteRt } from "../../src/formats/litert.js";
import { exportTflite } from "../../src/formats/tflite/export.js";
import { readTflite } from "../../src/formats/tflite/read/read.js";
import { openNetwork } from "../../src/formats/tflite/read/runner.js";
import { calibrate } from "../../src/measure/calibrate.js";
import { computeFeatures } from "../../src/measure/spotter_model.js";
import { prepareForQuantization, quantizeGraph } from "../../src/passes/quantize.js";
import { FrontendRunner } from "../../src/train/frontend_runner.js";
import { randomModel } from "./random_model.js";

const coarse = describeFrontend({ kind: "log_mel", windowMs: 40, strideMs: 40, melBands: 8 });

/** Scores of a clip: our engine's of the integers, those of the file read again, and LiteRT's. */
async function threeScores(model: Model, recurrent: "int8" | "int16") {
  const [, frames, bins] = model.graph.inputs[0].value.type.shape;
  const random = new RandomStream(7);
  const features = Float32Array.from({ length: 6 * frames * bins }, () => 2 * random.normal());
  const clip = features.slice(0, frames * bins);
  const ready = prepareForQuantization({ graph: model.graph, parameters: model.parameters });
  const { graph, parameters } = quantizeGraph(ready, await calibrate(ready, features, "minmax", "wasm"), { recurrent });
  const bytes = exportTflite({ ...model, graph, parameters }, { features: "none" });
  const program = await compile(graph, { target: "wasm" });
  for (const [name, data] of parameters) program.write(name, data);
  program.write("features", clip);
  program.run();
  const wanted = probabilitiesOf(program.view("logits"), graph.outputs[0].value.type);
  const read = await openNetwork(readTflite(bytes, "a.tflite"), { target: "wasm" });
  const lite = await openLiteRt(bytes);
  const [again, theirs] = [read.run([clip])[0], (await lite.run([clip]))[0]];
  for (const one of [program, read, lite]) one.close();
  const far = (found: ArrayLike<number>): number => Math.max(...wanted.map((w, i) => Math.abs(w - (found[i] as number))));
  return { graph, read: far(again), lite: far(theirs) };
}

describe("limits that no activation of TFLite has", () => {
  const layers = { gruUnits: [6], returnSequences: [0], stateful: 0, units1: [], act1: [] };
  it.each<[string, Record<string, unknown>]>([
    ["kws_streaming/lstm", { lstmUnits: [12], numProj: [5], stateful: 0, cellClip: 0.2, projClip: 0.1 }],
    ["kws_streaming/lstm", { lstmUnits: [12], numProj: [0], usePeepholes: 0, stateful: 0, cellClip: 0.2 }],
    ["edgeml/fastrnn", { hiddenUnits: 6, uRank: 3, updateNonlinearity: "relu" }],
    ["edgeml/gru", { hiddenUnits: 6, gateNonlinearity: "quantSigm4", updateNonlinearity: "quantTanh" }],
    ["kws_streaming/gru", layers],
  ])("are in the file: %s %j", async (name, options) => {
    for (const recurrent of ["int8", "int16"] as const) {
      const { read, lite } = await threeScores(randomModel(name, coarse, options), recurrent);
      expect(read).toBeLessThan(1e-6);
      expect(lite).toBeLessThan(0.02);
    }
  });
});

describe("the largest over time or of two paths", () => {
  const body = { filters: 8, kernels: [3], dilations: [1], headFilters: 6, headKernels: [3], headDilations: [1] };
  const block = {
    pointwiseFilters: [8],
    repeatInBlock: [1],
    mixconvKernelSizes: [[3]],
    residualConnection: [0],
    firstConvFilters: 6,
  };
  it.each<[string, Record<string, unknown>]>([
    ["earshot/phrase_net", { ...body, bodies: ["levelled"], phrases: ["y eh s", "n ow"] }],
    ["micro_wake_word/mixednet", { ...block, pooled: 1, maxPool: 1 }],
  ])("is one of integers: %s %j", async (name, options) => {
    for (const recurrent of ["int8", "int16"] as const) {
      const { graph, read, lite } = await threeScores(randomModel(name, coarse, options), recurrent);
      expect(graph.nodes.map(({ op }) => op)).toContain("quantized_max");
      expect(read).toBeLessThan(1e-6);
      expect(lite).toBeLessThan(0.03);
    }
  });
});

describe("LiteRT", () => {
  it("does not give what lies in memory where its kernels cannot prepare", async () => {
    const g = new GraphBuilder("too_fine");
    const x = g.input("features", quantizedType("i8", [1, 4], { scale: 0.1, zeroPoint: 0 }));
    const w = g.quantizedParameter("w", {
      dtype: "i8",
      shape: [4, 2],
      quantization: { scale: [0.1, 0.1], zeroPoint: [0, 0], axis: 1 },
    });
    // Ten thousand million steps of the result in one of the sums.
    const scale = { outputScale: 1e-12, outputZeroPoint: 0, outputType: "i8" };
    g.output("logits", g.op("quantized_dense", [x, w], scale));
    const parameters = new Map([["w", Int8Array.from([1, 2, 3, 4, 5, 6, 7, 8])]]);
    const bytes = exportTflite({ ...randomModel("dnn_s", "arm"), graph: g.finish(), parameters }, { features: "none" });
    const lite = await openLiteRt(bytes, "a.tflite");
    await expect(lite.run([Int8Array.of(1, 2, 3, 4)])).rejects.toThrow(
      /^a\.tflite: LiteRT could not run this model: .*failed to/,
    );
    lite.close();
  });
});

describe("values that were 0 in all clips", () => {
  it("have a scale with which LiteRT's kernels compute", async () => {
    const model = randomModel("hello_edge/dnn", coarse, { modelSizeInfo: [9, 2, 7] });
    // Two dead units: relu of what is below 0.
    (model.parameters.get("hidden.1.bias") as Float32Array).fill(-1e4);
    const { graph, read, lite } = await threeScores(model, "int8");
    const products = graph.nodes.filter((node) => node.op === "quantized_dense");
    for (const { inputs, outputs } of products) {
      const [x, w] = inputs.map((value) => value.type.quantization?.scale as number[]) as [number[], number[]];
      expect((x[0]! * Math.max(...w)) / (outputs[0].type.quantization?.scale[0] as number)).toBeLessThan(256);
    }
    expect(read).toBeLessThan(1e-6);
    expect(lite).toBeLessThan(0.02);
  });

  it("and those that are hardly more", () => {
    expect(activationScale({ low: 0, high: 1e-12 }, "i8").scale).toBeCloseTo(1 / 255, 9);
    expect(activationScale({ low: 0, high: 0 }, "i16").scale).toBeCloseTo(1 / 32767, 9);
    const fine = { scale: 1e-9, zeroPoint: 3 };
    expect(scaleForSums(fine, 0.01, [0.02, 0.0128])).toEqual({ scale: Math.fround((0.01 * 0.02) / 128), zeroPoint: 3 });
    expect(scaleForSums({ scale: 0.01, zeroPoint: 3 }, 0.01, [0.02])).toEqual({ scale: 0.01, zeroPoint: 3 });
  });
});

describe("an int8 .tflite file that earshot writes", () => {
  for (const [name, frontend] of [
    ["dnn_s", "arm"],
    ["cnn_s", "arm"],
    ["ds_cnn_s", "arm"],
  ] as const)
    it(`${name}: is read again with the same integers, and runs in LiteRT`, async () => {
      const model = randomModel(name, frontend);
      const [, frames, bins] = model.graph.inputs[0].value.type.shape;
      const random = new RandomStream(7);
      const features = Float32Array.from({ length: 12 * frames * bins }, () => 3 * random.normal());
      const ready = prepareForQuantization({ graph: model.graph, parameters: model.parameters });
      const ranges = await calibrate(ready, features, "minmax");
      for (const io of ["int8", "float"] as const) {
        const { graph, parameters } = quantizeGraph(ready, ranges, { io });
        const bytes = exportTflite({ ...model, graph, parameters }, { features: "none" });
        const ours = await openNetwork(readTflite(bytes, "a.tflite"), { target: "wasm" });
        const theirs = await openLiteRt(bytes);
        expect(ours.inputs[0].dtype).toBe(io === "int8" ? "int8" : "float32");
        let equal = 0;
        for (let i = 0; i < 12; i++) {
          const clip = features.subarray(i * frames * bins, (i + 1) * frames * bins);
          const x =
            io === "float" ? clip.slice() : Int8Array.from(clip, (v) => Math.max(-128, Math.min(127, Math.round(v * 10))));
          const [found] = ours.run([x]);
          const [wanted] = await theirs.run([x]);
          const best = (list: ArrayLike<number>): number => Array.from(list).indexOf(Math.max(...Array.from(list)));
          if (wanted[best(found)] === Math.max(...wanted)) equal++;
          const step = io === "int8" ? 1 : 1 / 256;
          for (const [j, w] of wanted.entries()) expect(Math.abs((found[j] - w) / step)).toBeLessThan(8);
        }
        expect(equal).toBeGreaterThanOrEqual(11);
        ours.close();
        theirs.close();
      }
    });

  for (const [frontend, features] of [
    ["arm", "op"],
    ["kws_streaming", "builtin"],
  ] as const)
    it(`takes samples before integers: --io int8 and --features ${features}`, async () => {
      const model = randomModel("ds_cnn_s", frontend);
      const [, frames, bins] = model.graph.inputs[0].value.type.shape;
      const random = new RandomStream(9);
      const sound = Float32Array.from({ length: 16_000 }, () => random.between(-0.5, 0.5));
      const runner = await FrontendRunner.open(
        { fromAudio: model.frontend, arrayShape: [frames, bins], featureShape: [frames, bins] },
        16_000,
        "wasm",
      );
      const clip = computeFeatures(runner, sound, 1, 16_000, frames * bins);
      runner.close();
      const ready = prepareForQuantization({ graph: model.graph, parameters: model.parameters });
      const ranges = await calibrate(ready, clip, "minmax");
      const scores: number[][] = [];
      for (const io of ["int8", "float"] as const) {
        const { graph, parameters } = quantizeGraph(ready, ranges, { io });
        const bytes = exportTflite({ ...model, graph, parameters }, { features });
        const theirs = await openLiteRt(bytes);
        const [found] = await theirs.run([sound]);
        theirs.close();
        scores.push(Array.from(found, (v) => (io === "int8" ? (v + 128) / 256 : v)));
      }
      scores[0].forEach((v, i) => expect(Math.abs(v - scores[1][i])).toBeLessThan(2 / 256));
    });
});
