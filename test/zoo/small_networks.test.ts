import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { StreamProgram } from "../../src/engine/stream_program.js";
import { initializeParameters } from "../../src/graph/initialize.js";
import type { Graph } from "../../src/graph/types.js";
import { calibrate } from "../../src/measure/calibrate.js";
import { compareStream, openReference } from "../../src/measure/stream_check.js";
import { prepareForQuantization, quantizeGraph } from "../../src/passes/quantize.js";
import { type StreamForm, streamGraph } from "../../src/passes/stream.js";
import { buildModel, type ModelOptions } from "../../src/zoo/index.js";
import { livelyParameters } from "../formats/random_model.js";
import { logits } from "./logits.js";
import { smallNetworks, smallShape } from "./small_networks.js";

const { frames, features } = smallShape;
const values = frames * features;

function clipsOf(count: number, seed: number): Float32Array {
  const random = new RandomStream(seed);
  return Float32Array.from({ length: count * values }, () => random.normal());
}

const spreadOf = (list: Float32Array): number => Math.max(...list) - Math.min(...list);
const difference = (a: Float32Array, b: Float32Array): number => Math.max(...a.map((x, i) => Math.abs(x - (b[i] as number))));

/** Ops that compute on real numbers. */
const floatOps = (graph: Graph): string[] =>
  graph.nodes.flatMap((n) => [...(n.outputs[0]?.type.dtype === "f32" ? [n.op] : []), ...(n.body ? floatOps(n.body) : [])]);

describe.each(smallNetworks)("%s %j", (name, options: ModelOptions) => {
  const graph = buildModel(name, options, smallShape);
  const parameters = livelyParameters(graph, 3);

  it("gives the same on wasm as on the oracle; as integers no op but the last conversion is left, and the bits are the same", async () => {
    const clips = clipsOf(6, 5);
    const clip = clips.subarray(0, values);
    const wanted = await logits({ graph, parameters }, clip, "oracle");
    const spread = spreadOf(wanted);
    expect(spread).toBeGreaterThan(1e-2);
    expect(difference(await logits({ graph, parameters }, clip, "wasm"), wanted)).toBeLessThan(1e-4 * Math.max(1, spread));
    const model = prepareForQuantization({ graph, parameters });
    const quantized = quantizeGraph(model, await calibrate(model, clips, "minmax", "wasm"));
    expect(floatOps(quantized.graph)).toEqual(["dequantize"]);
    const found = await logits(quantized, clip, "wasm");
    expect(difference(found, wanted)).toBeLessThan(0.15 * spread);
    expect(await logits(quantized, clip, "oracle")).toEqual(found);
  });

  it("streams: in the context form unless it needs the whole clip, and in the window form", async () => {
    // SpeechRec's have strides of 16 and 64 frames.
    const recording = clipsOf(name.startsWith("speechrec") ? 24 : 3, 9);
    const forms: StreamForm[] = name.includes("att_") ? ["window"] : ["context", "window"];
    if (forms.length === 1) expect(() => streamGraph(graph, { form: "context" })).toThrow(/cannot stream/);
    for (const form of forms) {
      const drawn = streamGraph(graph, { form });
      const streaming = drawn.startsCleanly ? drawn : streamGraph(graph, { form, chunk: 1 });
      const program = await StreamProgram.open(streaming, parameters, { target: "wasm" });
      const reference = await openReference(form, graph, parameters, recording, "wasm");
      const { results, largest } = compareStream(program.feed(recording), reference, (row) => row);
      expect(results).toBeGreaterThan(3);
      expect(largest).toBeLessThan(1e-3);
      reference.close();
      program.close();
    }
  });
});

it("a state that goes on from clip to clip cannot stream in the window form", () => {
  const graph = buildModel("kws_streaming/lstm", { lstmUnits: [8], numProj: [4] }, smallShape);
  expect(() => streamGraph(graph, { form: "window" })).toThrow(/scan, parameter .* cannot stream: its state goes on/);
  expect(streamGraph(graph, { form: "context" }).states.map((s) => s.type.shape)).toContainEqual([1, 4]);
});

it("first values of every network depend on the seed alone", () => {
  for (const [name, options] of smallNetworks) {
    const graph = buildModel(name, options, smallShape);
    expect(initializeParameters(graph, 4)).toEqual(initializeParameters(graph, 4));
  }
});
