import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { clipGraphOf, hopOf, ModelStream, streamModel } from "../../src/detect/model_stream.js";
import type { Model } from "../../src/formats/model.js";
import { describeFrontend, type FrontendInput } from "../../src/frontend/frontend.js";
import { calibrate } from "../../src/measure/calibrate.js";
import { compareStream, openReference } from "../../src/measure/stream_check.js";
import type { StreamForm } from "../../src/passes/stream.js";
import { prepareForQuantization, quantizeGraph } from "../../src/passes/quantize.js";
import { randomModel } from "../formats/random_model.js";

function noise(count: number, seed: number): Float32Array {
  const random = new RandomStream(seed);
  return Float32Array.from({ length: count }, () => random.between(-0.5, 0.5));
}

async function inIntegers(model: Model): Promise<Model> {
  const ready = prepareForQuantization({ graph: model.graph, parameters: model.parameters });
  const [, frames, bins] = model.graph.inputs[0].value.type.shape as [number, number, number];
  const ranges = await calibrate(ready, noise(4 * frames * bins, 3), "minmax", "wasm");
  const { graph, parameters } = quantizeGraph(ready, ranges, {});
  return { ...model, graph, parameters };
}

async function largestDifference(model: Model, form: StreamForm, input: "audio" | "features"): Promise<number> {
  const graph = clipGraphOf(model, input);
  const [, units, width = 1] = graph.inputs[0].value.type.shape;
  const recording = noise(Math.floor(1.6 * units) * width, 9);
  const stream = await ModelStream.open(model, { form, input, target: "wasm" });
  const reference = await openReference(form, graph, model.parameters, recording, "wasm");
  const results = stream.program.feed(recording);
  const { results: compared, largest } = compareStream(results, reference, (row) => row, 6);
  stream.close();
  reference.close();
  expect(compared).toBeGreaterThan(3);
  return largest;
}

describe("models that listen", () => {
  for (const [name, preset] of [
    ["dnn_s", "arm"],
    ["cnn_s", "arm"],
    ["ds_cnn_s", "arm"],
  ] as const)
    it(`${name}: both forms are what they must be, in float and to the bit in integers`, async () => {
      const model = randomModel(name, preset);
      const integer = await inIntegers(model);
      for (const form of ["context", "window"] as const) {
        expect(await largestDifference(model, form, "audio")).toBeLessThan(1e-4);
        expect(await largestDifference(integer, form, "features")).toBe(0);
      }
    });

  // What a front end makes of a whole clip, or pads, is made anew once a hop; as often as samples come it would take 160 times as long.
  it.each<[FrontendInput, StreamForm, number]>([
    [{ kind: "ell", iir: true, log: true }, "window", 160],
    [{ kind: "mfcc_tf", causalFramePadding: true }, "window", 320],
    [{ kind: "log_mel", preEmphasis: 0.97 }, "window", 320],
    [{ kind: "log_mel", peak: true, melBands: 8 }, "context", 320],
  ])("%j, %s form: a result for every frame, as the clip's", async (frontend, form, hop) => {
    const model = randomModel("kws_streaming/dnn", describeFrontend(frontend), { units1: [4], act1: ["relu"] });
    expect(hopOf(model)).toBe(hop);
    const { resultStride, chunk } = streamModel(model, { form });
    expect([resultStride, chunk]).toEqual([hop, hop]);
    expect(await largestDifference(model, form, "audio")).toBeLessThan(1e-4);
  });

  it("a front end that mirrors the clip's ends cannot stream, and is not sent from one form to the other", () => {
    const model = randomModel("kws_streaming/dnn", describeFrontend({ kind: "librosa_mel" }));
    expect(hopOf(model)).toBe(512);
    expect(() => streamModel(model, { form: "window" })).toThrow(
      /mirror\) cannot stream: .*step of time after another; run the clip/,
    );
  });

  it("a state that goes on cannot take what is made from whole clips", () => {
    const model = randomModel("gru_state", describeFrontend({ kind: "log_mel", peak: true }));
    expect(() => streamModel(model, { form: "context" })).toThrow(
      /scan, parameter .* cannot stream: its state goes on .* whole clips; run the clip model/,
    );
  });

  it("takes sound in any pieces, and begins anew", async () => {
    const model = randomModel("ds_cnn_s", "arm");
    const sound = noise(30_000, 4);
    const stream = await ModelStream.open(model, { target: "wasm" });
    const whole = stream.feed(sound);
    expect(whole.length).toBeGreaterThan(10);
    expect(whole[1].time - whole[0].time).toBeCloseTo(stream.hop, 9);
    for (const p of whole) {
      expect(p.scores.reduce((sum, v) => sum + v, 0)).toBeCloseTo(1, 5);
      expect(p.time - p.begin - 1).toBeCloseTo(stream.delay, 2);
    }
    stream.reset();
    const pieces = [];
    for (let at = 0; at < sound.length; at += 777) pieces.push(...(await stream.push(sound.subarray(at, at + 777))));
    expect(pieces).toEqual(whole);
    stream.close();
  });
});
