import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError, UserError } from "../../src/base/errors.js";
import { openLiteRt } from "../../src/formats/litert.js";
import type { Model } from "../../src/formats/model.js";
import { exportTflite } from "../../src/formats/tflite/export.js";
import { readTfliteMetadata } from "../../src/formats/tflite/metadata.js";
import { describeFrontend } from "../../src/frontend/frontend.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { parseGraph } from "../../src/graph/text_parse.js";
import { printGraph } from "../../src/graph/text_print.js";
import { tensor } from "../../src/graph/types.js";
import { randomModel } from "./random_model.js";

const dynamicBatch = "../shared/models/mlperf-tiny/str_ww_ref_model.tflite";
const quantized = "../shared/models/mlperf-tiny/kws_ref_model.tflite";
const model = randomModel("ds_cnn_s", "arm");

/** A model that adds its input to a state. */
function statefulModel(): Model {
  const builder = new GraphBuilder("stateful");
  const features = builder.input("features", tensor("f32", [1, 1, 2]));
  const state = builder.state("total", tensor("f32", [1, 2]));
  const total = builder.op("add", [state, builder.op("reshape", [features], { shape: [0, 2] })]);
  builder.setState(state, total);
  builder.output("logits", total);
  return { ...model, graph: builder.finish(), parameters: new Map(), labels: ["a", "b"] };
}

describe("export to .tflite", () => {
  it("equal models give equal bytes", () => {
    for (const features of ["none", "builtin", "op"] as const)
      expect(exportTflite(model, { features })).toEqual(exportTflite(randomModel("ds_cnn_s", "arm"), { features }));
  });

  it("is about as large as its weights", () => {
    const weights = [...model.parameters.values()].reduce((sum, data) => sum + data.byteLength, 0);
    const bytes = exportTflite(model, { features: "none" }).length;
    expect(bytes).toBeGreaterThan(0.8 * weights);
    expect(bytes).toBeLessThan(weights + 20_000);
  });

  it("op: refuses other front ends, says why and names the other way", () => {
    const other = randomModel("ds_cnn_s", "log_mel_4k");
    expect(() => exportTflite(other, { features: "op" })).toThrow(UserError);
    expect(() => exportTflite(other, { features: "op" })).toThrow(/log_mel.*only mfcc_op.*--features builtin/);
  });

  it("op: refuses half hertz and a rate that gives other features", () => {
    const half = describeFrontend({ kind: "mfcc_op", lowerHertz: 20.5 });
    expect(() => exportTflite(randomModel("ds_cnn_s", half), { features: "op" })).toThrow(/20\.5 Hz; take --features builtin/);
    expect(() => exportTflite(model, { features: "op", rate: 8000 })).toThrow(/at 8000 Hz .* give the model's rate/);
  });

  it("carries labels, front end and licence", () => {
    const bytes = exportTflite(model, { features: "builtin", rate: 16000 });
    const metadata = readTfliteMetadata(bytes, "x");
    expect(metadata).toMatchObject({ labels: model.labels, features: "builtin", rate: 16000, licence: model.licence });
    expect(metadata?.frontendDescription).toEqual(model.frontendDescription);
    expect(printGraph(parseGraph(metadata?.frontend ?? ""))).toBe(printGraph(model.frontend));
  });

  it("any bytes give metadata, nothing or a FormatError", () => {
    const right = exportTflite({ ...statefulModel() }, { features: "none" });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(right.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        fc.nat(right.length),
        (changes, end) => {
          const bytes = right.slice(0, end % 4 === 0 ? end : right.length);
          for (const [at, value] of changes) bytes[at % Math.max(bytes.length, 1)] = value;
          try {
            readTfliteMetadata(bytes, "x");
          } catch (error) {
            expect(error).toBeInstanceOf(FormatError);
          }
        },
      ),
      { numRuns: 2000 },
    );
    expect(() => readTfliteMetadata(new Uint8Array(3), "x.tflite")).toThrow(/^x\.tflite: byte 0/);
  });

  it("states: zeros in every run, or carried by the caller", async () => {
    const features = Float32Array.of(0.5, -1);
    const fresh = await openLiteRt(exportTflite(statefulModel(), { features: "none" }));
    const first = await fresh.run([features]);
    expect(await fresh.run([features])).toEqual(first);
    fresh.close();

    const carried = await openLiteRt(exportTflite(statefulModel(), { features: "none", states: "external" }));
    expect(carried.inputs.map((i) => i.name)).toEqual(["features", "total"]);
    expect(carried.outputs.map((o) => o.name)).toEqual(["scores", "total_next"]);
    const [scores, total] = await carried.run([features, Float32Array.of(1, 2)]);
    expect(total).toEqual(Float32Array.of(1.5, 1));
    expect(scores[0]).toBeCloseTo(1 / (1 + Math.exp(-0.5)), 6);
    carried.close();
  });
});

describe("LiteRT in Node", () => {
  it("describes and runs a model, several at once, and closes twice", async () => {
    const bytes = exportTflite(model, { features: "none" });
    const [a, b] = await Promise.all([openLiteRt(bytes), openLiteRt(bytes)]);
    expect(a.inputs).toEqual([{ name: "features", shape: [1, 49, 10], dtype: "float32" }]);
    expect(a.outputs).toEqual([{ name: "scores", shape: [1, 12], dtype: "float32" }]);
    const features = Float32Array.from({ length: 490 }, (_, i) => Math.sin(i));
    const [scores] = await a.run([features]);
    expect(Array.from(scores).reduce((sum, s) => sum + s, 0)).toBeCloseTo(1, 5);
    a.close();
    a.close();
    expect(await b.run([features])).toEqual([scores]);
    b.close();
  });

  it("leaves no trace in the process: globals, console, output", async () => {
    const globals = new Set(Object.keys(globalThis));
    const warn = console.warn;
    (await openLiteRt(exportTflite(model, { features: "op" }))).close();
    expect(Object.keys(globalThis).filter((key) => !globals.has(key))).toEqual([]);
    expect("importScripts" in globalThis).toBe(false);
    expect(console.warn).toBe(warn);
  });

  it.skipIf(!existsSync(dynamicBatch))(`takes a free batch for a batch of 1 (skipped without ${dynamicBatch})`, async () => {
    const bytes = new Uint8Array(readFileSync(dynamicBatch));
    const runtime = await openLiteRt(bytes, "ww.tflite");
    expect(runtime.inputs[0].shape).toEqual([1, 30, 1, 40]);
    expect((await runtime.run([new Int8Array(1200)]))[0]).toHaveLength(3);
    runtime.close();
  });

  it.skipIf(!existsSync(quantized))(`runs int8 tensors (skipped without ${quantized})`, async () => {
    const ours = await openLiteRt(new Uint8Array(readFileSync(quantized)), "kws.tflite");
    expect(ours.inputs[0].dtype).toBe("int8");
    const [scores] = await ours.run([new Int8Array(490)]);
    expect(scores).toBeInstanceOf(Int8Array);
    // The softmax of an int8 model has the scale 1/256 and the zero point -128.
    expect(Array.from(scores).reduce((sum, s) => sum + (s + 128) / 256, 0)).toBeCloseTo(1, 1);
    ours.close();
  });

  it("says what is wrong with a model or its inputs", async () => {
    await expect(openLiteRt(new Uint8Array(100), "zeros.tflite")).rejects.toThrow(/^zeros\.tflite: is no \.tflite file/);
    const bytes = exportTflite(model, { features: "none" });
    await expect(openLiteRt(bytes.slice(0, 2000), "cut.tflite")).rejects.toThrow(UserError);
    await expect(openLiteRt(bytes.slice(0, 2000), "cut.tflite")).rejects.toThrow(/^cut\.tflite: LiteRT refuses this model/);
    const right = await openLiteRt(bytes, "m.tflite");
    await expect(right.run([])).rejects.toThrow(/m\.tflite: takes 1 inputs, found 0/);
    await expect(right.run([new Float32Array(3)])).rejects.toThrow(/input features takes 490 numbers, found 3/);
    right.close();
  });
});
