import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { clipGraphOf, probabilitiesOf } from "../../src/detect/model_stream.js";
import { StreamProgram } from "../../src/engine/stream_program.js";
import { type LiteRtArray, type LiteRtTensor, openLiteRt } from "../../src/formats/litert.js";
import type { Model, StreamInput } from "../../src/formats/model.js";
import { exportTflite } from "../../src/formats/tflite/export.js";
import { readTfliteMetadata } from "../../src/formats/tflite/metadata.js";
import { calibrate } from "../../src/measure/calibrate.js";
import { prepareForQuantization, quantizeGraph } from "../../src/passes/quantize.js";
import { type StreamForm, streamGraph } from "../../src/passes/stream.js";
import { randomModel } from "./random_model.js";

function noise(count: number, seed: number): Float32Array {
  const random = new RandomStream(seed);
  return Float32Array.from({ length: count }, () => random.between(-2, 2));
}

async function inIntegers(model: Model): Promise<Model> {
  const ready = prepareForQuantization({ graph: model.graph, parameters: model.parameters });
  const [, frames, bins] = model.graph.inputs[0].value.type.shape as [number, number, number];
  const ranges = await calibrate(ready, noise(4 * frames * bins, 3), "minmax", "wasm");
  const { graph, parameters } = quantizeGraph(ready, ranges, {});
  return { ...model, graph, parameters };
}

/** Scores of a recording in LiteRT, step after step, its states carried as the file's metadata say; results before the first left out. */
async function inLiteRt(
  bytes: Uint8Array,
  recording: Float32Array,
  width: number,
  zeroPoints: ReadonlyMap<string, number> = new Map(),
): Promise<number[][]> {
  const stream = readTfliteMetadata(bytes, "x")!.stream!;
  const file = await openLiteRt(bytes);
  const zeros = ({ name, shape, dtype }: LiteRtTensor): LiteRtArray => {
    const count = shape.reduce((product, n) => product * n, 1);
    return dtype === "int8" ? new Int8Array(count).fill(zeroPoints.get(name) as number) : new Float32Array(count);
  };
  const states = new Map(file.inputs.slice(1).map((state) => [state.name, zeros(state)]));
  const found: number[][] = [];
  const long = new Float32Array(stream.lead * width + recording.length);
  long.set(recording, stream.lead * width);
  const size = stream.chunk * width;
  for (let step = 0; (step + 1) * size <= long.length; step++) {
    for (const state of file.inputs.slice(1)) if (stream.starts[state.name] === step) states.set(state.name, zeros(state));
    const results = await file.run([long.slice(step * size, (step + 1) * size), ...states.values()]);
    file.outputs.forEach(({ name }, i) => {
      if (name.endsWith("_next")) states.set(name.slice(0, -"_next".length), results[i]);
      else if ((step + 1) * stream.chunk - stream.lead > stream.resultLatest) found.push([...results[i]]);
    });
  }
  file.close();
  return found;
}

async function inEarshot(
  model: Model,
  form: StreamForm,
  recording: Float32Array,
  input: StreamInput = "features",
): Promise<number[][]> {
  const graph = clipGraphOf(model, input);
  const program = await StreamProgram.open(streamGraph(graph, { form }), model.parameters, { target: "wasm" });
  const found = program.feed(recording).map(({ values }) => [...probabilitiesOf(values, graph.outputs[0].value.type)]);
  program.close();
  return found;
}

describe("a .tflite file that hears a step after another", () => {
  for (const [name, form] of [
    ["ds_cnn_s", "context"],
    ["ds_cnn_s", "window"],
    ["crnn", "context"],
  ] as const)
    it(`${name}, ${form}: LiteRT hears what earshot hears`, async () => {
      const model = randomModel(name, name === "crnn" ? "kws_streaming" : "arm");
      const [, frames, bins] = model.graph.inputs[0].value.type.shape as [number, number, number];
      const recording = noise(2 * frames * bins, 8);
      const wanted = await inEarshot(model, form, recording);
      const found = await inLiteRt(exportTflite(model, { features: "none", stream: { form } }), recording, bins);
      expect(wanted.length).toBeGreaterThan(10);
      expect(found.length).toBe(wanted.length);
      wanted.forEach((row, i) => row.forEach((v, k) => expect(Math.abs(v - found[i][k])).toBeLessThan(1e-4)));
    });

  for (const frontend of ["arm", "kws_streaming"])
    it(`samples, front end ${frontend} inside: LiteRT hears what earshot hears`, async () => {
      const model = randomModel("svdf", frontend);
      const recording = noise(2 * 16000, 8).map((x) => x / 4);
      const wanted = await inEarshot(model, "context", recording, "audio");
      const bytes = exportTflite(model, { features: "builtin", stream: { form: "context" } });
      const found = await inLiteRt(bytes, recording, 1);
      expect(wanted.length).toBeGreaterThan(10);
      expect(found.length).toBe(wanted.length);
      wanted.forEach((row, i) => row.forEach((v, k) => expect(Math.abs(v - found[i][k])).toBeLessThan(1e-3)));
    });

  it("int8: states are int8 tensors that begin at their zero points", async () => {
    const model = await inIntegers(randomModel("ds_cnn_s", "arm"));
    const { states } = streamGraph(model.graph, { form: "context" });
    const zeroPoints = new Map(states.map(({ name, type }) => [name, type.quantization!.zeroPoint[0] as number]));
    expect(states.every(({ type }) => type.dtype === "i8")).toBe(true);
    const recording = noise(2 * 49 * 10, 8);
    const wanted = await inEarshot(model, "context", recording);
    const bytes = exportTflite(model, { features: "none", stream: { form: "context" } });
    const found = await inLiteRt(bytes, recording, 10, zeroPoints);
    expect(found.length).toBe(wanted.length);
    // LiteRT's fast kernels round in their own way.
    wanted.forEach((row, i) => row.forEach((v, k) => expect(Math.abs(v - found[i][k])).toBeLessThan(0.05)));
  });

  it("says what such a file cannot be", () => {
    const model = randomModel("ds_cnn_s", "arm");
    const stream = { form: "context" } as const;
    expect(() => exportTflite(model, { features: "op", stream })).toThrow(/AudioSpectrogram and Mfcc do not stream/);
    expect(() => exportTflite(model, { features: "none", states: "zeros", stream })).toThrow(/--states must be external/);
    expect(() => exportTflite(model, { features: "none", stream: { ...stream, hops: 3 } })).toThrow(/take --hops 6/);
  });
});
