import { describe, expect, test } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { probabilitiesOf } from "../../src/detect/model_stream.js";
import { compile } from "../../src/engine/compile.js";
import { openLiteRt } from "../../src/formats/litert.js";
import { exportTflite } from "../../src/formats/tflite/export.js";
import { readTflite } from "../../src/formats/tflite/read/read.js";
import { openNetwork } from "../../src/formats/tflite/read/runner.js";
import { calibrate } from "../../src/measure/calibrate.js";
import { prepareForQuantization, quantizeGraph } from "../../src/passes/quantize.js";
import { exportC } from "../../src/targets/c/export.js";
import { randomModel } from "../formats/random_model.js";
import { hostCompiler, runOnHost } from "./c_host.js";

const size = 490;

/** ds_cnn_s in 8 bits, its first layers in 16. */
async function wideModel() {
  const model = randomModel("ds_cnn_s", "arm");
  const ready = prepareForQuantization(model);
  const random = new RandomStream(3);
  const clips = Float32Array.from({ length: 4 * size }, () => random.between(-2, 2));
  const plain = quantizeGraph(ready, await calibrate(ready, clips, "minmax", "wasm"));
  const wide = [...new Set(plain.layers.map((l) => l.name))].slice(0, 3);
  const made = quantizeGraph(ready, await calibrate(ready, clips, "minmax", "wasm"), { wide });
  const dtypes = made.layers.slice(0, 4).map((l) => l.integer.type.dtype);
  expect(dtypes).toEqual(["i16", "i16", "i16", "i8"]);
  const program = await compile(made.graph, { target: "wasm" });
  for (const [name, data] of made.parameters) program.write(name, data);
  const wanted = [0, 1, 2].map((i) => {
    program.write("features", clips.subarray(i * size, (i + 1) * size));
    program.run();
    return [...probabilitiesOf(program.view("logits"), made.graph.outputs[0].value.type)];
  });
  program.close();
  return { model: { ...model, graph: made.graph, parameters: made.parameters }, clips, wanted };
}

const largest = (a: readonly number[], b: ArrayLike<number>): number => Math.max(...a.map((v, i) => Math.abs(v - b[i]!)));

describe("layers of 16 bits in a network of 8", () => {
  test.skipIf(!hostCompiler())("as C give the engine's scores", async () => {
    const { model, clips, wanted } = await wideModel();
    const made = exportC(model, { prefix: "net", cpu: "generic", floatAbi: "soft", features: "none", rate: 16000 });
    const main = `#include <stdio.h>
#include "net.h"
int main(void) {
  while (fread(net_features(), sizeof(float), ${size}, stdin) == ${size}) fwrite(net_run(), sizeof(float), NET_SCORES, stdout);
  return 0;
}
`;
    const input = new Uint8Array(clips.buffer, 0, 3 * size * 4);
    const bytes = runOnHost([...made.files, { name: "main.c", text: main }], input);
    const scores = new Float32Array(Uint8Array.from(bytes).buffer);
    wanted.forEach((row, i) => expect(largest(row, scores.subarray(i * 12))).toBeLessThan(1e-6));
  });

  test("as .tflite are read again to the bit, and LiteRT takes them", async () => {
    const { model, clips, wanted } = await wideModel();
    const bytes = exportTflite(model, { features: "none" });
    const [ours, theirs] = [await openNetwork(readTflite(bytes, "wide"), { target: "wasm" }), await openLiteRt(bytes)];
    for (const [i, row] of wanted.entries()) {
      const x = clips.slice(i * size, (i + 1) * size);
      expect(largest(row, ours.run([x])[0]!)).toBeLessThan(1e-6);
      expect(largest(row, (await theirs.run([x]))[0]!)).toBeLessThan(0.02);
    }
    ours.close();
    theirs.close();
  });
});
