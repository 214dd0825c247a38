import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { compile } from "../../src/engine/compile.js";
import { openLiteRt } from "../../src/formats/litert.js";
import type { Model } from "../../src/formats/model.js";
import { exportTflite } from "../../src/formats/tflite/export.js";
import type { Graph, ParameterData } from "../../src/graph/types.js";
import { randomModel } from "./random_model.js";

/** A tone that glides, over noise: something that spreads the scores. */
function sound(seed: number): Float32Array {
  const random = new RandomStream(seed);
  const pitch = random.between(200, 3000);
  return Float32Array.from({ length: 16000 }, (_, i) => {
    const time = i / 16000;
    const loudness = Math.exp(-(((time - 0.5) / 0.2) ** 2));
    return 0.4 * loudness * Math.sin(2 * Math.PI * pitch * time * (1 + 0.3 * time)) + 0.02 * random.normal();
  });
}

async function runOn(graph: Graph, input: string, output: string, data: Float32Array, parameters?: Map<string, ParameterData>) {
  const program = await compile(graph, { target: "wasm" });
  try {
    for (const [name, values] of parameters ?? []) program.write(name, values);
    program.write(input, data);
    program.run();
    return program.read(output).slice();
  } finally {
    program.close();
  }
}

function softmax(logits: Float32Array): number[] {
  const most = Math.max(...logits);
  const powers = Array.from(logits, (x) => Math.exp(x - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((p) => p / sum);
}

/** Largest difference between LiteRT's scores and the engine's over some sounds, and the spread of the scores. */
async function compare(model: Model, features: "none" | "builtin" | "op") {
  const runtime = await openLiteRt(exportTflite(model, { features }));
  let difference = 0;
  let spread = 0;
  for (const audio of [sound(1), sound(2), sound(3), new Float32Array(16000)]) {
    const made = await runOn(model.frontend, "audio", "features", audio);
    const wanted = softmax(await runOn(model.graph, "features", "logits", made, model.parameters));
    const [scores] = await runtime.run([features === "none" ? made : audio]);
    expect(scores).toHaveLength(model.labels.length);
    wanted.forEach((w, i) => {
      difference = Math.max(difference, Math.abs(w - scores[i]));
    });
    spread = Math.max(spread, Math.max(...wanted) - Math.min(...wanted));
  }
  runtime.close();
  return { difference, spread };
}

const networks: [model: string, frontend: string][] = [
  ["dnn_s", "arm"],
  ["cnn_s", "arm"],
  ["ds_cnn_s", "arm"],
  ["svdf", "kws_streaming"],
  ["crnn", "kws_streaming"],
];

describe("whole models in LiteRT against earshot's engine", () => {
  for (const [name, frontend] of networks) {
    for (const features of ["none", "builtin"] as const) {
      it(`${name}, features ${features}: scores within 1e-5`, async () => {
        const { difference, spread } = await compare(randomModel(name, frontend), features);
        console.log(`${name} ${features}: largest difference ${difference.toExponential(1)}, scores spread ${spread.toFixed(3)}`);
        expect(spread).toBeGreaterThan(0.01);
        expect(difference).toBeLessThan(1e-5);
      });
    }
  }
  it("ds_cnn_s with AudioSpectrogram and Mfcc: scores within 1e-5", async () => {
    const { difference } = await compare(randomModel("ds_cnn_s", "arm"), "op");
    console.log(`ds_cnn_s op: largest difference ${difference.toExponential(1)}`);
    expect(difference).toBeLessThan(1e-5);
  });
  it("log_mel builtin: scores within 1e-5", async () => {
    const { difference } = await compare(randomModel("ds_cnn_s", "log_mel_4k"), "builtin");
    console.log(`ds_cnn_s log_mel_4k builtin: largest difference ${difference.toExponential(1)}`);
    expect(difference).toBeLessThan(1e-5);
  });
});
