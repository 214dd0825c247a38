import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { UsageError } from "../../src/base/errors.js";
import { compile } from "../../src/engine/compile.js";
import { initializeParameters } from "../../src/graph/initialize.js";
import { retype } from "../../src/graph/retype.js";
import type { Graph } from "../../src/graph/types.js";
import { verifyGraph } from "../../src/graph/verify.js";
import {
  architectures,
  buildModel,
  defaultOptions,
  findModel,
  modelNames,
  resolveOptions,
  zooModels,
} from "../../src/zoo/index.js";

const shape = { frames: 49, features: 10, labels: 12 };
const build = (name: string, options = {}, frames = 49, features = 10) =>
  buildModel(name, options, { frames, features, labels: 12 });

/** Values of a clip that the classifier sees. */
function flattened(graph: Graph): number | undefined {
  return graph.parameters.find((p) => p.name === "classifier.kernel")?.value.type.shape[0];
}

async function logits(graph: Graph, features: Float32Array, target: "oracle" | "wasm", seed = 1): Promise<Float32Array> {
  const program = await compile(graph, { target });
  for (const [name, values] of initializeParameters(graph, seed)) program.write(name, values);
  program.write("features", features);
  program.run();
  const result = program.read("logits").slice();
  program.close();
  return result;
}

function noise(size: number, ...key: number[]): Float32Array {
  const random = new RandomStream(...key);
  return Float32Array.from({ length: size }, () => random.normal());
}

describe("every model", () => {
  it.each(zooModels)(
    "$name is a valid graph from features to logits, also for a batch of three",
    ({ name, shape: { frames, features, labels } }) => {
      const graph = buildModel(name, {}, findModel(name).published.shape);
      verifyGraph(graph);
      expect(graph.inputs.map((i) => i.name)).toEqual(["features"]);
      expect(graph.outputs.map((o) => [o.name, o.value.type.shape])).toEqual([["logits", [1, labels]]]);
      const batched = retype(graph, { inputs: { features: [3, frames, features] } });
      verifyGraph(batched);
      expect(batched.outputs[0]?.value.type.shape).toEqual([3, labels]);
    },
  );

  it.each(["dnn_s", "cnn_s", "ds_cnn_s", "svdf", "crnn"])(
    "%s gives each clip of a batch what it gives the clip alone, and the same on wasm as on the oracle",
    async (name) => {
      const model = findModel(name).published;
      const graph = buildModel(name, {}, model.shape);
      const { frames, features } = model.shape;
      const clips = noise(2 * frames * features, 7);
      const batched = retype(graph, { inputs: { features: [2, frames, features] } });
      const both = await logits(batched, clips, "wasm");
      const spread = Math.max(...both) - Math.min(...both);
      expect(spread).toBeGreaterThan(1e-3);
      for (const clip of [0, 1]) {
        const alone = await logits(
          graph,
          clips.slice(clip * frames * features, (clip + 1) * frames * features),
          name === "crnn" ? "wasm" : "oracle",
        );
        alone.forEach((value, i) =>
          expect(Math.abs(value - (both[12 * clip + i] as number))).toBeLessThan(1e-4 * Math.max(1, spread)),
        );
      }
    },
  );
});

describe("options", () => {
  it("have defaults that build", () => {
    for (const { name } of architectures) {
      expect(resolveOptions(name)).toEqual(defaultOptions(name));
      verifyGraph(buildModel(name, {}, findModel(name).published.shape));
    }
  });

  it("are read in the original's spelling and as text", () => {
    const typed = {
      cnnFilters: [8],
      cnnKernelSize: [[3, 3]],
      cnnAct: ["linear"],
      cnnDilationRate: [[2, 1]],
      cnnStrides: [[1, 1]],
      stateful: true,
      dropout1: 0.5,
    };
    const flags = {
      cnn_filters: "8",
      cnn_kernel_size: "(3,3),",
      cnn_act: "'linear'",
      "cnn-dilation-rate": "(2,1),",
      cnn_strides: "1",
      stateful: "1",
      dropout1: "0.5",
    };
    expect(resolveOptions("crnn", flags)).toEqual(resolveOptions("crnn", typed));
    expect(resolveOptions("ds_cnn", { model_size_info: "1 8 3 3 1 1" }).modelSizeInfo).toEqual([1, 8, 3, 3, 1, 1]);
    expect(resolveOptions("svdf", { units2: "", act2: "" })).toEqual(defaultOptions("svdf"));
  });

  it("given win over those of the name, whatever the spelling", () => {
    expect(resolveOptions("dnn_l", { "model-size-info": "8 8" }).modelSizeInfo).toEqual([8, 8]);
    expect(resolveOptions("crnn_state", { stateful: 0 }).stateful).toBe(false);
  });

  it("of ds_cnn set strides as [time, frequency]", () => {
    const graph = build("ds_cnn", { modelSizeInfo: [2, 8, 5, 3, 2, 1, 8, 3, 3, 1, 2] });
    const node = graph.nodes.filter((n) => n.op.includes("conv2d"));
    expect(node.map((n) => n.outputs[0]?.type.shape)).toEqual([
      [1, 25, 10, 8],
      [1, 25, 5, 8],
      [1, 25, 5, 8],
    ]);
  });

  it("of svdf: without padding each layer shortens the clip by its memory, with padding none does", () => {
    expect(flattened(build("svdf"))).toBe(256);
    expect(flattened(build("svdf", { svdfPad: 1 }))).toBe(49 * 256);
  });

  it("of svdf: dropout does not rescale before a layer and does behind the last", () => {
    const graph = build("svdf", { svdfDropout: [0.1, 0, 0, 0, 0, 0], dropout1: 0.2 });
    expect(graph.nodes.filter((n) => n.op === "dropout").map((n) => n.attributes)).toEqual([
      { rate: 0.1, rescale: false },
      { rate: 0.2, rescale: true },
    ]);
  });

  it("of crnn: recurrent layers stack, the state of each goes on", () => {
    const graph = build("crnn", { gruUnits: [8, 4], returnSequences: [1, 0], stateful: true }, 20);
    verifyGraph(graph);
    expect(graph.states.map((s) => [s.name, s.input.type.shape])).toEqual([
      ["recurrent.0.state", [1, 8]],
      ["recurrent.1.state", [1, 4]],
    ]);
    expect(
      graph.states.map(
        (s) => retype(graph, { inputs: { features: [5, 20, 10] } }).states.find((r) => r.name === s.name)?.input.type.shape[0],
      ),
    ).toEqual([5, 5]);
  });

  it("of crnn: a stateful model goes on where the last clip ended", async () => {
    const graph = build("crnn", { gruUnits: [8], stateful: true }, 12);
    const program = await compile(graph, { target: "wasm" });
    for (const [name, values] of initializeParameters(graph, 3)) program.write(name, values);
    program.write("features", noise(120, 1));
    program.run();
    const first = program.read("logits").slice();
    program.run();
    expect(program.read("logits")).not.toEqual(first);
    program.write("recurrent.0.state", new Float32Array(8));
    program.run();
    expect(program.read("logits")).toEqual(first);
    program.close();
  });
});

describe("errors name what was wrong", () => {
  it.each<[string, () => unknown, RegExp]>([
    ["unknown model", () => build("ds_cn_s"), /no model 'ds_cn_s'; the nearest is 'ds_cnn_s'; there are dnn_s,/],
    ["unknown option", () => build("svdf", { svdf_unit1: 3 }), /no option 'svdf_unit1'; the nearest is 'svdfUnits1'/],
    ["option twice", () => build("svdf", { svdfPad: 1, svdf_pad: 1 }), /svdfPad is given twice/],
    ["wrong kind", () => build("svdf", { dropout1: "much" }), /option dropout1: .*number/],
    ["rate of one", () => build("svdf", { dropout1: 1 }), /option dropout1/],
    ["unknown activation", () => build("svdf", { units2: [8], act2: ["rely"] }), /option act2\.0: .*"relu"/],
    ["no units", () => build("dnn", { modelSizeInfo: [8, 0] }), /option modelSizeInfo\.1/],
    ["too many layers", () => build("dnn", { modelSizeInfo: Array(1000).fill(8) }), /option modelSizeInfo/],
    ["too wide", () => build("dnn", { modelSizeInfo: [1e9] }), /option modelSizeInfo\.0/],
    ["lists of different lengths", () => build("crnn", { cnnFilters: "8" }), /different lengths: cnnFilters 1, cnnKernelSize 2/],
    ["pair for a list of pairs", () => build("crnn", { cnn_filters: 8, cnn_kernel_size: "(3,1)" }), /cnnFilters/],
    ["returnSequences", () => build("crnn", { gruUnits: [8, 8], returnSequences: [0, 0] }), /returnSequences must be 1/],
    ["ds_cnn sizes", () => build("ds_cnn", { modelSizeInfo: [2, 8, 3, 3, 1, 1] }), /has 6 numbers and needs 11 for 2 layers/],
    ["cnn sizes", () => build("cnn", { modelSizeInfo: [8] }), /has 1 numbers and needs 12: f1 h1 w1/],
    ["dnn sizes", () => build("dnn", { modelSizeInfo: [] }), /is empty/],
    [
      "clip too short",
      () => build("cnn", {}, 9),
      /layer blocks\.0\.convolution: its kernel needs 10 frames and there are 9 left/,
    ],
    [
      "too few features",
      () => build("crnn", {}, 49, 3),
      /layer convolutions\.1: its kernel needs 3 frequencies and there are 1 left; .* more features/,
    ],
    [
      "even kernels around a middle",
      () => build("phrase_net", { head: "phone", kernels: [2], dilations: [1] }),
      /1 frames, which have no middle/,
    ],
    ["no frames", () => build("dnn", {}, 0), /number of frames must be a whole number from 1/],
    ["too many frames", () => build("dnn", {}, 1e9), /number of frames/],
  ])("%s", (_, wrong, message) => {
    expect(wrong).toThrow(UsageError);
    expect(wrong).toThrow(message);
  });
});

describe("names", () => {
  it("all resolve, once each", () => {
    const names = modelNames();
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(findModel(name).architecture.build).toBeTypeOf("function");
  });
  it("may be short, upper case, with hyphens", () => {
    expect(findModel("DS-CNN-S").published.name).toBe("ds_cnn_s");
    expect(findModel("ds_cnn").architecture.name).toBe("hello_edge/ds_cnn");
  });
  it("depend on nothing but themselves: first values of a model are the same for the same seed", () => {
    const a = initializeParameters(buildModel("ds_cnn_s", {}, shape), 5);
    const b = initializeParameters(buildModel("ds_cnn_s", { dropout2: 0.4 }, shape), 5);
    expect([...a.keys()]).toEqual([...b.keys()]);
    for (const [name, values] of a) expect(b.get(name)).toEqual(values);
  });
});
