import { describe, expect, it } from "vitest";
import { UserError } from "../../src/base/errors.js";
import { RandomStream } from "../../src/base/random.js";
import { probabilitiesOf } from "../../src/detect/model_stream.js";
import { StreamProgram } from "../../src/engine/stream_program.js";
import { exportTflite } from "../../src/formats/tflite/export.js";
import { readTflite } from "../../src/formats/tflite/read/read.js";
import { openNetwork } from "../../src/formats/tflite/read/runner.js";
import { buildFrontend, describeFrontend, oneSecond } from "../../src/frontend/frontend.js";
import type { Graph } from "../../src/graph/types.js";
import { verifyGraph } from "../../src/graph/verify.js";
import { calibrate } from "../../src/measure/calibrate.js";
import { compareStream, openReference } from "../../src/measure/stream_check.js";
import type { ValuedGraph } from "../../src/passes/fold.js";
import { prepareForQuantization, quantizeGraph } from "../../src/passes/quantize.js";
import { mixedBeginning, streamGraph } from "../../src/passes/stream.js";
import { streamTrainingForm } from "../../src/passes/stream_training.js";
import { exportC } from "../../src/targets/c/export.js";
import { buildModel } from "../../src/zoo/index.js";
import { livelyParameters } from "../formats/random_model.js";
import { drawnArchitectures, type DrawnNetwork, drawnNetwork } from "./drawn_networks.js";
import { logits } from "./logits.js";

const around = { frontend: buildFrontend(describeFrontend({ kind: "log_mel" }), oneSecond), training: {}, licence: "" };

function draws(count: number, seed: number): Float32Array {
  const random = new RandomStream(seed);
  return Float32Array.from({ length: count }, () => random.normal());
}

const difference = (found: ArrayLike<number>, wanted: Float32Array): number =>
  Math.max(...wanted.map((w, i) => Math.abs(w - (found[i] as number))));

/** What it gives, or undefined where it is refused with a sentence. */
function unlessRefused<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    expect((error as Error).message).toMatch(/^[^\n]{20,}$/);
    return undefined;
  }
}

/** Largest difference of a .tflite file, read again, from the probabilities; C is written of the same model. */
async function exported(drawn: DrawnNetwork, valued: ValuedGraph, clip: Float32Array, wanted: Float32Array): Promise<number> {
  const labels = Array.from({ length: drawn.shape.labels }, (_, i) => `label ${i}`);
  const model = { ...around, ...valued, labels, frontendDescription: describeFrontend({ kind: "log_mel" }) };
  exportC(model, { prefix: "kws", cpu: "generic", floatAbi: "soft", features: "none", rate: 16_000 });
  const network = await openNetwork(readTflite(exportTflite(model, { features: "none" }), "a.tflite"), { target: "wasm" });
  const [found] = network.run([clip]);
  network.close();
  return difference(found, wanted);
}

/** Largest difference of the stream from what it must give; undefined where it cannot stream, or begins with what nothing can be compared to. */
async function asStream({ graph, parameters }: ValuedGraph, form: "context" | "window", hops: number, seed: number) {
  const streaming = unlessRefused(() => streamGraph(graph, { form, chunk: hops }));
  const mixed = streaming && mixedBeginning(graph, streaming);
  if (streaming === undefined || mixed === undefined) return undefined;
  const [, frames, features] = graph.inputs[0].value.type.shape as [number, number, number];
  const { resultStride, resultLatest } = streaming;
  const recording = draws((2 * (frames + resultLatest + mixed) + 4 * resultStride) * features, seed);
  const program = await StreamProgram.open(streaming, parameters, { target: "wasm" });
  const reference = await openReference(form, graph, parameters, recording, "wasm");
  const results = program.feed(recording).filter(({ begin }) => begin >= mixed);
  const { results: compared, largest } = compareStream(results, reference, (row) => row, 4);
  program.close();
  reference.close();
  expect(compared).toBeGreaterThan(0);
  return largest;
}

describe("networks with drawn options", () => {
  it.each(Array.from({ length: 2 * drawnArchitectures }, (_, seed) => seed))("seed %i", async (seed) => {
    const drawn = drawnNetwork(seed);
    const graph = unlessRefused(() => buildModel(drawn.name, drawn.options, drawn.shape));
    if (graph === undefined) return;
    const float: ValuedGraph = { graph, parameters: livelyParameters(graph, seed) };
    const values = drawn.shape.frames * drawn.shape.features;
    const clips = draws(4 * values, seed);
    const clip = clips.slice(0, values);
    const wanted = await logits(float, clip, "oracle");
    const size = Math.max(1, ...wanted.map(Math.abs));
    expect(difference(await logits(float, clip, "wasm"), wanted)).toBeLessThan(2e-4 * size);
    expect(await exported(drawn, float, clip, probabilitiesOf(wanted, graph.outputs[0].value.type))).toBeLessThan(1e-4);
    unlessRefused(() => verifyGraph(streamTrainingForm(graph, 3) as Graph));

    const ready = prepareForQuantization(float);
    const ranges = await calibrate(ready, clips, "minmax", "wasm");
    const integer = quantizeGraph(ready, ranges, { recurrent: seed % 2 === 0 ? "int8" : "int16" });
    const integers = await logits(integer, clip, "oracle");
    expect([...(await logits(integer, clip, "wasm"))]).toEqual([...integers]);
    const shares = probabilitiesOf(integers, integer.graph.outputs[0].value.type);
    expect(await exported(drawn, integer, clip, shares)).toBeLessThan(1e-6);
    for (const form of ["context", "window"] as const) {
      const hops = 1 + (seed % 3);
      expect((await asStream(float, form, hops, seed)) ?? 0).toBeLessThan(1e-3 * size);
      expect((await asStream(integer, form, hops, seed)) ?? 0).toBe(0);
    }
  });
});
