import { describe, expect, it } from "vitest";
import { countParameters, multiplyAccumulates } from "../../src/graph/count.js";
import { buildModel, findModel } from "../../src/zoo/index.js";

/** All parameters and the trainable ones, counted from the originals' layers (PyTorch and Keras modules made for it). */
const table: readonly (readonly [name: string, all: number, trainable: number])[] = [
  ["fastgrnn", 58_279, 58_279],
  ["fastrnn", 58_023, 58_023],
  ["ugrnn", 111_523, 111_523],
  ["edgeml_gru", 165_027, 165_027],
  ["edgeml_lstm", 218_531, 218_531],
  ["tiny_kws", 24_908, 23_756],
  // As in the shipped str_ww_ref_model.h5.
  ["tiny_sww", 47_707, 46_875],
  ["mixednet_alexa", 24_993, 24_481],
  // With two buffers for each factor of a batch norm.
  ["resnet18", 11_176_396 + 9_600, 11_176_396],
  ["mobilenetv2", 61_596 + 5_952, 61_596],
  ["shufflenetv2", 353_660 + 7_952, 353_660],
];

describe("parameters", () => {
  it.each(table)("%s has %i, %i of them trainable", (name, all, trainable) => {
    const graph = buildModel(name, {}, findModel(name).published.shape);
    expect([countParameters(graph), countParameters(graph, { trainable: true })]).toEqual([all, trainable]);
  });

  it("of FastGRNN of low rank are rw (D + H) + 2 ru H + 2 H + 2, and of several gates rw (D + k H) + ru (H + k H) + k H", () => {
    const [inputs, hidden, rw, ru, labels] = [32, 100, 16, 25, 12];
    const shape = { frames: 98, features: inputs, labels };
    const count = (name: string) => countParameters(buildModel(name, { hiddenUnits: hidden, wRank: rw, uRank: ru }, shape));
    const classifier = hidden * labels + labels;
    expect(count("edgeml/fastgrnn")).toBe(rw * (inputs + hidden) + 2 * ru * hidden + 2 * hidden + 2 + classifier);
    const gated = (k: number) => rw * (inputs + k * hidden) + ru * (hidden + k * hidden) + k * hidden + classifier;
    expect(["ugrnn", "gru", "lstm"].map((cell) => count(`edgeml/${cell}`))).toEqual([2, 3, 4].map(gated));
  });
});

it.each([
  ["resnet18", 1_684_668_416, 196_608],
  ["mobilenetv2", 17_740_800, 491_520],
  ["shufflenetv2", 35_973_120, 393_216],
])(
  "%s has the multiply-accumulates that thop counts for 32 clips: %i of convolutions, %i of the last layer",
  (name, convolutions, dense) => {
    const graph = buildModel(name, {}, findModel(name).published.shape);
    expect(32 * multiplyAccumulates(graph)).toBe(convolutions + dense);
  },
);

it("EdgeML's flags of single layers do what they say: -hu2 and -ur2, which the original ignores", () => {
  const shape = { frames: 98, features: 32, labels: 35 };
  const graph = buildModel("edgeml/fastgrnn", { numLayers: 3, hiddenUnits: 24, hiddenUnits2: 20, uRank2: 7, wRank: 9 }, shape);
  const shapes = new Map(graph.parameters.map((p) => [p.name, p.value.type.shape]));
  expect(shapes.get("recurrent.0.kernel_first")).toEqual([32, 9]);
  expect(shapes.get("recurrent.0.recurrent_kernel")).toEqual([24, 24]);
  expect(shapes.get("recurrent.1.recurrent_first")).toEqual([20, 7]);
  expect(shapes.get("recurrent.2.kernel")).toEqual([20, 20]);
  expect(() => buildModel("edgeml/gru", { hiddenUnits: 8, uRank: 9 }, shape)).toThrow(
    /uRank1 is 9, and the matrix has but 8 rows/,
  );
});
