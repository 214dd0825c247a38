import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { openLiteRt } from "../../src/formats/litert.js";
import { exportTflite } from "../../src/formats/tflite/export.js";
import { forBuiltinKernels } from "../../src/formats/tflite/builtin_kernels.js";
import { readTflite } from "../../src/formats/tflite/read/read.js";
import { openNetwork } from "../../src/formats/tflite/read/runner.js";
import { inIntegers } from "./integer_model.js";
import { randomModel } from "./random_model.js";

const clips = 12;

async function integerFile() {
  const model = randomModel("ds_cnn_s", "arm");
  const [, frames, bins] = model.graph.inputs[0].value.type.shape as [number, number, number];
  const random = new RandomStream(3);
  const features = Float32Array.from({ length: clips * frames * bins }, () => 3 * random.normal());
  const bytes = exportTflite(await inIntegers(model), { features: "none" });
  return { bytes, inputs: Array.from({ length: clips }, (_, i) => features.slice(i * frames * bins, (i + 1) * frames * bins)) };
}

describe("LiteRT with its own kernels instead of XNNPACK's", () => {
  it("rounds otherwise than XNNPACK, both near earshot's kernels", async () => {
    const { bytes, inputs } = await integerFile();
    const ours = await openNetwork(readTflite(bytes, "a.tflite"), { target: "wasm" });
    const xnnpack = await openLiteRt(bytes, "a.tflite");
    const builtin = await openLiteRt(bytes, "a.tflite", "builtin");
    let different = 0;
    for (const x of inputs) {
      const wanted = ours.run([x])[0] as Float32Array;
      const [a, b] = [(await xnnpack.run([x]))[0], (await builtin.run([x]))[0]] as [Float32Array, Float32Array];
      different += a.filter((v, i) => v !== b[i]).length;
      for (const scores of [a, b])
        for (const [i, v] of wanted.entries()) expect(Math.abs((scores[i] as number) - v)).toBeLessThanOrEqual(4 / 256);
    }
    for (const network of [ours, xnnpack, builtin]) network.close();
    expect(different).toBeGreaterThan(0);
  });

  it("is the same file to earshot's reader", async () => {
    const { bytes } = await integerFile();
    const other = forBuiltinKernels(bytes, "a.tflite");
    expect(other.length).toBeGreaterThan(bytes.length);
    const text = (file: Uint8Array): string => JSON.stringify(readTflite(file, "a.tflite").graph);
    expect(text(other)).toBe(text(bytes));
  });

  it("leaves a file without 8-bit tensors as it is", () => {
    const bytes = exportTflite(randomModel("dnn_s", "arm"), { features: "none" });
    expect(forBuiltinKernels(bytes, "a.tflite")).toBe(bytes);
  });
});
