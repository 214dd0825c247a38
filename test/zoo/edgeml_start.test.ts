import { expect, it } from "vitest";
import { initializeParameters } from "../../src/graph/initialize.js";
import { buildModel } from "../../src/zoo/index.js";

/** Parameters of a classifier of 400 hidden units and 30 labels at its start. */
function start(options: object): Map<string, ArrayLike<number>> {
  return initializeParameters(
    buildModel("fastgrnn", { hiddenUnits: 400, ...options }, { frames: 4, features: 32, labels: 30 }),
    1,
  );
}

function deviation(values: ArrayLike<number> | undefined): number {
  const all = Array.from(values ?? []);
  return Math.sqrt(all.reduce((sum, x) => sum + x * x, 0) / all.length);
}

// EdgeML's pytorch/edgeml_pytorch/graph/rnn.py: 0.1 * randn, biases and zeta 1, nu -4.
it("the cell starts as EdgeML's", () => {
  const values = start({});
  const found = (name: string): number => deviation(values.get(`recurrent.0.${name}`));
  expect(found("kernel")).toBeCloseTo(0.1, 2);
  expect(found("recurrent_kernel")).toBeCloseTo(0.1, 2);
  expect([found("bias_gate"), found("bias_update"), found("zeta"), found("nu")]).toEqual([1, 1, 1, 4]);
});

// tf/edgeml_tf/trainer/fastTrainer.py: random_normal for both; train_classifier.py: torch.nn.Linear.
it("the classifier starts with PyTorch's Linear or, as the FastGRNN paper's, normally distributed", () => {
  const uniform = start({});
  expect(deviation(uniform.get("classifier.kernel")) * Math.sqrt(3 * 400)).toBeCloseTo(1, 1);
  const normal = start({ classifierStart: "normal" });
  expect(deviation(normal.get("classifier.kernel"))).toBeCloseTo(1, 1);
  expect(deviation(normal.get("classifier.bias"))).toBeGreaterThan(0.7);
  expect(deviation(normal.get("classifier.bias"))).toBeLessThan(1.4);
});
