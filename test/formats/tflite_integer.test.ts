import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { openLiteRt } from "../../src/formats/litert.js";
import { exportTflite } from "../../src/formats/tflite/export.js";
import { readTflite } from "../../src/formats/tflite/read/read.js";
import { openNetwork } from "../../src/formats/tflite/read/runner.js";
import { calibrate } from "../../src/measure/calibrate.js";
import { computeFeatures } from "../../src/measure/spotter_model.js";
import { prepareForQuantization, quantizeGraph } from "../../src/passes/quantize.js";
import { FrontendRunner } from "../../src/train/frontend_runner.js";
import { randomModel } from "./random_model.js";

describe("an int8 .tflite file that earshot writes", () => {
  for (const [name, frontend] of [
    ["dnn_s", "arm"],
    ["cnn_s", "arm"],
    ["ds_cnn_s", "arm"],
  ] as const)
    it(`${name}: is read again with the same integers, and runs in LiteRT`, async () => {
      const model = randomModel(name, frontend);
      const [, frames, bins] = model.graph.inputs[0].value.type.shape;
      const random = new RandomStream(7);
      const features = Float32Array.from({ length: 12 * frames * bins }, () => 3 * random.normal());
      const ready = prepareForQuantization({ graph: model.graph, parameters: model.parameters });
      const ranges = await calibrate(ready, features, "minmax");
      for (const io of ["int8", "float"] as const) {
        const { graph, parameters } = quantizeGraph(ready, ranges, { io });
        const bytes = exportTflite({ ...model, graph, parameters }, { features: "none" });
        const ours = await openNetwork(readTflite(bytes, "a.tflite"), { target: "wasm" });
        const theirs = await openLiteRt(bytes);
        expect(ours.inputs[0].dtype).toBe(io === "int8" ? "int8" : "float32");
        let equal = 0;
        for (let i = 0; i < 12; i++) {
          const clip = features.subarray(i * frames * bins, (i + 1) * frames * bins);
          const x =
            io === "float" ? clip.slice() : Int8Array.from(clip, (v) => Math.max(-128, Math.min(127, Math.round(v * 10))));
          const [found] = ours.run([x]);
          const [wanted] = await theirs.run([x]);
          const best = (list: ArrayLike<number>): number => Array.from(list).indexOf(Math.max(...Array.from(list)));
          if (wanted[best(found)] === Math.max(...wanted)) equal++;
          const step = io === "int8" ? 1 : 1 / 256;
          for (const [j, w] of wanted.entries()) expect(Math.abs((found[j] - w) / step)).toBeLessThan(8);
        }
        expect(equal).toBeGreaterThanOrEqual(11);
        ours.close();
        theirs.close();
      }
    });

  for (const [frontend, features] of [
    ["arm", "op"],
    ["kws_streaming", "builtin"],
  ] as const)
    it(`takes samples before integers: --io int8 and --features ${features}`, async () => {
      const model = randomModel("ds_cnn_s", frontend);
      const [, frames, bins] = model.graph.inputs[0].value.type.shape;
      const random = new RandomStream(9);
      const sound = Float32Array.from({ length: 16_000 }, () => random.between(-0.5, 0.5));
      const runner = await FrontendRunner.open(
        { fromAudio: model.frontend, arrayShape: [frames, bins], featureShape: [frames, bins] },
        16_000,
        "wasm",
      );
      const clip = computeFeatures(runner, sound, 1, 16_000, frames * bins);
      runner.close();
      const ready = prepareForQuantization({ graph: model.graph, parameters: model.parameters });
      const ranges = await calibrate(ready, clip, "minmax");
      const scores: number[][] = [];
      for (const io of ["int8", "float"] as const) {
        const { graph, parameters } = quantizeGraph(ready, ranges, { io });
        const bytes = exportTflite({ ...model, graph, parameters }, { features });
        const theirs = await openLiteRt(bytes);
        const [found] = await theirs.run([sound]);
        theirs.close();
        scores.push(Array.from(found, (v) => (io === "int8" ? (v + 128) / 256 : v)));
      }
      scores[0].forEach((v, i) => expect(Math.abs(v - scores[1][i])).toBeLessThan(2 / 256));
    });
});
