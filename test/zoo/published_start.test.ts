import { expect, it } from "vitest";
import { initializeParameters } from "../../src/graph/initialize.js";
import { buildModel, findModel } from "../../src/zoo/index.js";

const glorot = (fanIn: number, fanOut: number): number => Math.sqrt(6 / (fanIn + fanOut));
/** Deviation of a normal that is cut at two. */
const cut = 0.87963;

const started = new Map<string, Map<string, Float32Array>>();

function start(network: string, parameter: string): { largest: number; deviation: number } {
  const shape = findModel(network).published.shape;
  if (!started.has(network)) started.set(network, initializeParameters(buildModel(network, {}, shape), 1));
  const values = started.get(network)?.get(parameter) as Float32Array;
  const squares = values.reduce((sum, x) => sum + x * x, 0);
  return { largest: values.reduce((most, x) => Math.max(most, Math.abs(x)), 0), deviation: Math.sqrt(squares / values.length) };
}

it.each([
  // TensorFlow 1: both kernels of a cell are one matrix, and so are those of a GRU's gates.
  ["basic_lstm_s", "recurrent.0.kernel", glorot(10 + 118, 4 * 118)],
  ["basic_lstm_s", "recurrent.0.recurrent_kernel", glorot(10 + 118, 4 * 118)],
  ["gru_s", "recurrent.0.recurrent_kernel", glorot(10 + 154, 2 * 154)],
  ["gru_s", "recurrent.0.recurrent_candidate", glorot(10 + 154, 154)],
  // and get_variable draws a bias, too, where it is told nothing.
  ["dnn_s", "hidden.1.bias", glorot(144, 144)],
  ["dnn_s", "classifier.bias", 0],
  ["cnn_m", "bottleneck.bias", glorot(16, 16)],
  ["lstm_s", "classifier.bias", glorot(12, 12)],
] as const)("%s: %s starts uniform in +-%f, as the original's", (network, parameter, limit) => {
  const { largest, deviation } = start(network, parameter);
  expect(largest).toBeLessThanOrEqual(limit * 1.000001);
  // Biases are few draws.
  const far = parameter.endsWith("bias") ? 0.4 : 0.1;
  expect(Math.abs(deviation - limit / Math.sqrt(3))).toBeLessThanOrEqual((far * limit) / Math.sqrt(3));
});

it("gru_s: the columns of the candidate start in a wider range than those of the gates", () => {
  const shape = findModel("gru_s").published.shape;
  const kernel = initializeParameters(buildModel("gru_s", {}, shape), 1).get("recurrent.0.kernel") as Float32Array;
  const largest = [0, 0, 0];
  kernel.forEach((value, i) => {
    const part = Math.floor((i % 462) / 154);
    largest[part] = Math.max(largest[part] as number, Math.abs(value));
  });
  const limits = [glorot(164, 308), glorot(164, 308), glorot(164, 154)];
  limits.forEach((limit, i) => expect((largest[i] as number) / limit).toBeGreaterThan(0.99));
  limits.forEach((limit, i) => expect((largest[i] as number) / limit).toBeLessThanOrEqual(1.000001));
});

it.each([
  ["single_fc", "classifier.kernel", 0.001],
  ["conv", "convolutions.0.kernel", 0.01],
  ["conv", "classifier.kernel", 0.01],
  ["low_latency_conv", "hidden.0.kernel", 0.01],
  ["low_latency_svdf", "filters.time.kernel", 0.01],
  ["cnn_s", "blocks.0.convolution.kernel", 0.01],
  ["cnn_s", "hidden.kernel", 0.01],
  ["cnn_s", "classifier.kernel", 0.01],
  ["crnn_s", "classifier.kernel", 0.01],
] as const)("%s: %s starts normal with %f, cut at two deviations, as the original's", (network, parameter, size) => {
  const { largest, deviation } = start(network, parameter);
  expect(largest).toBeLessThanOrEqual(2 * size * 1.000001);
  expect(deviation / (size * cut)).toBeGreaterThan(0.93);
  expect(deviation / (size * cut)).toBeLessThan(1.07);
});
