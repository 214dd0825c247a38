import { expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { compile } from "../../src/engine/compile.js";
import { initializeParameters } from "../../src/graph/initialize.js";
import { retype } from "../../src/graph/retype.js";
import { labelLayer } from "../../src/train/pretrained.js";
import { buildTrainingStep } from "../../src/train/step.js";
import { buildModel } from "../../src/zoo/index.js";

const [batch, frames, features, labels] = [4, 40, 40, 3];

it("a frozen body keeps its weights and its batch norms' statistics, and hears as in use, while the head learns", async () => {
  const options = { filters: 8, kernels: [3], dilations: [1], headFilters: 8, headKernels: [3], headDilations: [1], dropout: 0 };
  const model = buildModel("earshot/phrase_net", { ...options, phrases: ["y eh s"] }, { frames, features, labels });
  const head = labelLayer(model);
  const typed = retype(model, { inputs: { features: [batch, frames, features] } });
  const optimizer = { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;
  const step = buildTrainingStep(typed, { optimizer, head, frozenBody: true });
  expect(step.inputs.map(({ name }) => name)).not.toContain("body_rate");
  const program = await compile(step, { target: "wasm" });
  const first = initializeParameters(model, 1);
  for (const [name, values] of first) program.write(name, values);
  // Statistics unlike the batch's: were the batch's own moments used, the loss would not depend on them.
  program.write("body.first.norm.mean", new Float32Array(8).fill(0.3));
  const random = new RandomStream(2);
  program.write(
    "features",
    Float32Array.from({ length: batch * frames * features }, () => random.normal()),
  );
  program.write(
    "targets",
    Float32Array.from({ length: batch * labels }, (_, i) => (i % labels === Math.floor(i / labels) % labels ? 1 : 0)),
  );
  program.write("weights", new Float32Array(batch).fill(1));
  program.write("seed", [1, 1]);
  const losses: number[] = [];
  for (let i = 1; i <= 30; i++) {
    program.write("learning_rate", [0.01]);
    program.write("correction1", [1 - 0.9 ** i]);
    program.write("correction2", [1 - 0.999 ** i]);
    program.run();
    losses.push(program.read("loss")[0] as number);
  }
  expect(losses.at(-1)).toBeLessThan(0.5 * (losses[0] as number));
  for (const [name, values] of first) {
    if (name === "body.first.norm.mean") continue;
    const same = program.read(name).every((value, i) => value === values[i]);
    expect([name, same]).toEqual([name, !head.has(name)]);
  }
  expect([...program.read("body.first.norm.mean")]).toEqual([...new Float32Array(8).fill(0.3)]);
  const [before] = losses;
  for (const [name, values] of first) program.write(name, values);
  program.run();
  expect(program.read("loss")[0]).not.toBeCloseTo(before as number, 4);
  program.close();
});
