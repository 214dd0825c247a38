import { expect, it } from "vitest";
import { initializeParameters } from "../../src/graph/initialize.js";
import { buildModel } from "../../src/zoo/index.js";

const shape = { frames: 32, features: 40, labels: 12 };
const options = { resnet18: { channels: [64, 128], blocks: 1 }, mobilenetv2: {}, shufflenetv2: {} };
const networks = ["resnet18", "mobilenetv2", "shufflenetv2"] as const;
const values = new Map(networks.map((name) => [name, initializeParameters(buildModel(name, options[name], shape), 1)]));

function measured(values: ArrayLike<number>): { largest: number; deviation: number } {
  const all = Array.from(values);
  return {
    largest: Math.max(...all.map(Math.abs)),
    deviation: Math.sqrt(all.reduce((sum, x) => sum + x * x, 0) / all.length),
  };
}

// torch.nn.init: uniform in +-1 / sqrt(fan_in) for what is not told otherwise; torchvision tells ResNet and MobileNetV2 kaiming_normal_ with
// mode fan_out (groups not counted), and MobileNetV2's last layer normal_(0, 0.01). SpeechRec's first convolutions are new ones.
it.each([
  ["shufflenetv2", "stages.0.1.widen.kernel", "uniform", 1 / Math.sqrt(24)],
  ["shufflenetv2", "stages.2.3.depthwise.kernel", "uniform", 1 / 3],
  ["shufflenetv2", "classifier.kernel", "uniform", 1 / Math.sqrt(1024)],
  ["resnet18", "stem.kernel", "uniform", 1 / 7],
  ["resnet18", "stages.1.0.first.kernel", "normal", Math.sqrt(2 / (9 * 128))],
  ["resnet18", "classifier.kernel", "uniform", 1 / Math.sqrt(128)],
  ["mobilenetv2", "stem.kernel", "uniform", 1 / 3],
  ["mobilenetv2", "blocks.3.depthwise.kernel", "normal", Math.sqrt(2 / (9 * 48))],
  ["mobilenetv2", "head.kernel", "normal", Math.sqrt(2 / 1280)],
  ["mobilenetv2", "classifier.kernel", "normal", 0.01],
] as const)("%s: %s starts as in PyTorch", (network, name, kind, size) => {
  const { largest, deviation } = measured(values.get(network)?.get(name) as Float32Array);
  expect(deviation / (kind === "normal" ? size : size / Math.sqrt(3))).toBeGreaterThan(0.85);
  expect(deviation / (kind === "normal" ? size : size / Math.sqrt(3))).toBeLessThan(1.15);
  if (kind === "uniform") expect(largest).toBeLessThanOrEqual(size * 1.000001);
});
