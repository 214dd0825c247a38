import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { clipGraphOf, probabilitiesOf } from "../../src/detect/model_stream.js";
import { StreamProgram } from "../../src/engine/stream_program.js";
import { openLiteRt } from "../../src/formats/litert.js";
import type { Model } from "../../src/formats/model.js";
import { exportTflite } from "../../src/formats/tflite/export.js";
import { readTfliteMetadata } from "../../src/formats/tflite/metadata.js";
import { readTflite } from "../../src/formats/tflite/read/read.js";
import { openNetwork } from "../../src/formats/tflite/read/runner.js";
import { type StreamForm, streamGraph } from "../../src/passes/stream.js";
import { inIntegers } from "./integer_model.js";
import { randomModel } from "./random_model.js";

function noise(count: number, seed: number): Float32Array {
  const random = new RandomStream(seed);
  return Float32Array.from({ length: count }, () => random.between(-2, 2));
}

const recordingFor = ({ graph }: Model): Float32Array => {
  const [, frames, bins] = graph.inputs[0].value.type.shape as [number, number, number];
  return noise(3 * frames * bins, 8);
};

/** Scores of a recording by a file that keeps its states itself: it is only given step after step. */
async function heard(
  bytes: Uint8Array,
  recording: Float32Array,
  run: (chunk: Float32Array) => Promise<ArrayLike<number>>,
): Promise<number[][]> {
  const stream = readTfliteMetadata(bytes, "x")!.stream!;
  const [input] = readTflite(bytes, "x").graph.inputs;
  const size = input!.value.type.shape.reduce((p, n) => p * n, 1);
  const lead = (stream.lead * size) / stream.chunk;
  const long = new Float32Array(lead + recording.length);
  long.set(recording, lead);
  const found: number[][] = [];
  for (let step = 0; (step + 1) * size <= long.length; step++) {
    const scores = await run(long.slice(step * size, (step + 1) * size));
    if ((step + 1) * stream.chunk - stream.lead > stream.resultLatest) found.push(Array.from(scores));
  }
  return found;
}

async function inLiteRt(bytes: Uint8Array, recording: Float32Array): Promise<number[][]> {
  const file = await openLiteRt(bytes);
  expect([file.inputs.length, file.outputs.length]).toEqual([1, 1]);
  const found = await heard(bytes, recording, async (chunk) => (await file.run([chunk]))[0]!);
  file.close();
  return found;
}

async function inOurReader(bytes: Uint8Array, recording: Float32Array): Promise<number[][]> {
  const network = await openNetwork(readTflite(bytes, "a.tflite"), { target: "wasm" });
  const found = await heard(bytes, recording, async (chunk) => network.run([chunk])[0]!);
  // What was heard is forgotten.
  network.reset();
  const again = await heard(bytes, recording, async (chunk) => network.run([chunk])[0]!);
  expect(again).toEqual(found);
  network.close();
  return found;
}

async function inEarshot(model: Model, form: StreamForm, recording: Float32Array): Promise<number[][]> {
  const graph = clipGraphOf(model, "features");
  const program = await StreamProgram.open(streamGraph(graph, { form }), model.parameters, { target: "wasm" });
  const found = program.feed(recording).map(({ values }) => [...probabilitiesOf(values, graph.outputs[0].value.type)]);
  program.close();
  return found;
}

const largest = (a: readonly number[][], b: readonly number[][]): number => {
  expect(a.length).toBe(b.length);
  return Math.max(...a.flatMap((row, i) => row.map((v, k) => Math.abs(v - b[i]![k]!))));
};

describe("a streaming .tflite file with its states in resource variables", () => {
  for (const [name, frontend, form] of [
    ["ds_cnn_s", "arm", "context"],
    ["ds_cnn_s", "arm", "window"],
    ["crnn", "kws_streaming", "context"],
    ["svdf", "kws_streaming", "context"],
  ] as const)
    it(`${name}, ${form}: LiteRT and our reader hear what earshot hears, from the first result on`, async () => {
      const model = randomModel(name, frontend);
      const recording = recordingFor(model);
      const bytes = exportTflite(model, { features: "none", states: "resource", stream: { form } });
      const wanted = await inEarshot(model, form, recording);
      expect(wanted.length).toBeGreaterThan(30);
      expect(largest(wanted, await inLiteRt(bytes, recording))).toBeLessThan(1e-5);
      expect(largest(wanted, await inOurReader(bytes, recording))).toBeLessThan(1e-6);
    });

  for (const [name, frontend] of [
    ["ds_cnn_s", "arm"],
    ["crnn", "kws_streaming"],
  ] as const)
    it(`int8 ${name}: the variables are integers too`, async () => {
      const model = await inIntegers(randomModel(name, frontend));
      const recording = recordingFor(model);
      const bytes = exportTflite(model, { features: "none", states: "resource", stream: { form: "context" } });
      const { graph, states } = readTflite(bytes, "a.tflite");
      const carried = graph.states.filter((state) => state.name !== "stream.step");
      expect(carried.every(({ input }) => input.type.dtype !== "f32")).toBe(true);
      expect(carried.some(({ name: n, input }) => states.get(n)![0] === input.type.quantization!.zeroPoint[0])).toBe(true);
      const wanted = await inEarshot(model, "context", recording);
      // Our softmax of integer logits has 256 steps.
      expect(largest(wanted, await inOurReader(bytes, recording))).toBeLessThan(1 / 128);
      // LiteRT's fast kernels round in their own way.
      expect(largest(wanted, await inLiteRt(bytes, recording))).toBeLessThan(0.05);
    });

  it("a stateful network of clips goes on from run to run", async () => {
    const model = randomModel("crnn_state", "kws_streaming");
    const bytes = exportTflite(model, { features: "none", states: "resource" });
    const file = await openLiteRt(bytes);
    const ours = await openNetwork(readTflite(bytes, "a.tflite"), { target: "wasm" });
    const size = ours.inputs[0]!.shape.reduce((p, n) => p * n, 1);
    const runs: number[][] = [];
    for (let i = 0; i < 3; i++) {
      const x = noise(size, 3);
      const theirs = Array.from((await file.run([x]))[0]!);
      const [found] = ours.run([x]);
      theirs.forEach((v, k) => expect(Math.abs(v - found![k]!)).toBeLessThan(1e-5));
      runs.push(theirs);
    }
    // The same clip again gives other scores: something is remembered, if little after a second.
    expect(largest([runs[0]!], [runs[1]!])).toBeGreaterThan(0);
    file.close();
    ours.close();
  });
});
