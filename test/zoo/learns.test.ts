import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { compile } from "../../src/engine/compile.js";
import { initializeParameters } from "../../src/graph/initialize.js";
import { retype } from "../../src/graph/retype.js";
import { buildTrainingStep } from "../../src/train/step.js";
import { buildModel, findModel, type ModelOptions } from "../../src/zoo/index.js";
import { smallNetworks, smallShape } from "./small_networks.js";

const steps = 25;
const rate = 0.002;
/** Networks whose weights start so small that little comes through at first, and the factor of their rate. */
const smallStarts = [
  ["edgeml", 15],
  ["cnn_s", 4],
  ["hello_edge/crnn", 6],
] as const;
const beta1 = 0.9;
const beta2 = 0.999;

/** Losses of training steps on one clip of noise for each label. */
async function losses(
  name: string,
  options: ModelOptions,
  frames: number,
  features = findModel(name).published.shape.features,
): Promise<number[]> {
  const labels = 12;
  const clips = labels;
  const model = buildModel(name, options, { frames, features, labels });
  const batched = retype(model, { inputs: { features: [clips, frames, features] } });
  const step = buildTrainingStep(batched, { optimizer: { kind: "adam", beta1, beta2, epsilon: 1e-8 } });
  const program = await compile(step, { target: "wasm" });
  for (const [parameter, values] of initializeParameters(model, 1)) program.write(parameter, values);
  const random = new RandomStream(2);
  program.write(
    "features",
    Float32Array.from({ length: clips * frames * features }, () => random.normal()),
  );
  program.write(
    "targets",
    Float32Array.from({ length: clips * labels }, (_, i) => Number(i % labels === Math.floor(i / labels))),
  );
  program.write("weights", new Float32Array(clips).fill(1));
  program.write("learning_rate", [rate * (smallStarts.find(([start]) => name.startsWith(start))?.[1] ?? 1)]);
  const found: number[] = [];
  for (let t = 1; t <= steps; t++) {
    program.write("correction1", [1 - beta1 ** t]);
    program.write("correction2", [1 - beta2 ** t]);
    program.write("seed", [1, t]);
    program.run();
    found.push(program.read("loss")[0] as number);
  }
  program.close();
  return found;
}

describe("a model learns: 25 steps of Adam on twelve clips halve the loss", () => {
  it.each<[string, ModelOptions, number]>([
    ["dnn_s", { dropout: 0.1 }, 25],
    ["cnn_s", { modelSizeInfo: [8, 10, 4, 1, 1, 8, 10, 4, 2, 1, 16, 32] }, 49],
    ["ds_cnn_s", { dropout1: 0.05 }, 49],
    ["svdf", { svdfUnits1: [64, 64, 64, 64, 64, 64], svdfUnits2: [32, 32, 32, 32, 32, -1] }, 49],
    [
      "svdf",
      {
        svdfUnits1: [64, 64],
        svdfUnits2: [32, 0],
        svdfMemorySize: [4, 4],
        svdfAct: ["relu", "relu"],
        svdfDropout: [0, 0.1],
        svdfPad: true,
      },
      12,
    ],
    ["crnn", { gruUnits: [32], cnnFilters: [8, 8] }, 24],
    ["crnn", { gruUnits: [24, 24], returnSequences: [1, 1], stateful: true, cnnFilters: [8, 8] }, 16],
  ])("%s %j, %i frames", async (name, options, frames) => {
    const found = await losses(name, options, frames);
    expect(found.every(Number.isFinite)).toBe(true);
    expect(Math.abs((found[0] as number) - Math.log(12))).toBeLessThan(1.5);
    expect(found.at(-1) as number).toBeLessThan((found[0] as number) / 2);
  });
});

describe("a small network of each architecture learns: 25 steps of Adam lower the loss on twelve clips by a tenth at least", () => {
  it.each(smallNetworks)("%s %j", async (name, options) => {
    const found = await losses(name, options, smallShape.frames, smallShape.features);
    expect(found.every(Number.isFinite)).toBe(true);
    expect(Math.abs((found[0] as number) - Math.log(12))).toBeLessThan(1.5);
    expect(found.at(-1) as number).toBeLessThan((found[0] as number) * 0.9);
  });
});
