import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { buildFrontend } from "../../src/frontend/frontend.js";
import { frontendPreset } from "../../src/frontend/presets.js";
import { countLayers } from "../../src/graph/count.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { tensor } from "../../src/graph/types.js";
import { helloEdgeCost, profile } from "../../src/measure/profile.js";
import { shortCount, zooTable } from "../../src/measure/zoo_table.js";
import { gruLayer } from "../../src/zoo/blocks/gru.js";
import { buildModel, findModel, zooModels } from "../../src/zoo/index.js";

const published = (name: string) => buildModel(name, {}, findModel(name).published.shape);

describe("parameters", () => {
  it("svdf has 354,444", () => expect(profile(published("svdf")).parameters).toBe(354_444));
  it("crnn has 467,772, stateful or not", () => {
    expect(profile(published("crnn")).parameters).toBe(467_772);
    expect(profile(published("crnn_state")).parameters).toBe(467_772);
  });
  it("ds_cnn S has MLPerf Tiny's 24,908, 23,756 of them trainable", () => {
    expect(profile(published("ds_cnn_s"))).toMatchObject({ parameters: 24_908, trainable: 23_756 });
  });
  it("ds_cnn S without gamma, as the code of 2017, and without bias, as today's twins, has 23,180 trainable", () => {
    const { shape } = findModel("ds_cnn_s").published;
    expect(profile(buildModel("ds_cnn_s", { gamma: false }, shape)).trainable).toBe(23_180);
    expect(profile(buildModel("ds_cnn_s", { bias: false }, shape)).trainable).toBe(23_180);
  });
  // kws-streaming, page 30k_12_labels
  it("svdf with the flags of 30k_12_labels has 32,716", () => {
    const options = { svdf_units1: "16,32,32,32,64,128", svdf_units2: "40,40,64,64,64,-1" };
    expect(profile(buildModel("svdf", options, { frames: 49, features: 40, labels: 12 })).parameters).toBe(32_716);
  });
});

describe("multiply-accumulates", () => {
  it("ds_cnn S with MLPerf Tiny's input of 49 x 10 has 2,656,768", () => {
    expect(profile(published("ds_cnn_s")).multiplyAccumulates).toBe(2_656_768);
  });
  it("a GRU counts its cell at every step", () => {
    const builder = new GraphBuilder("gru");
    const x = builder.input("x", tensor("f32", [2, 7, 5]));
    builder.output("y", gruLayer(builder, "gru", x, { units: 4, sequence: false, stateful: false }));
    expect(profile(builder.finish()).multiplyAccumulates).toBe(2 * 7 * (5 * 12 + 4 * 12));
  });
  it("the layers of every model add up to its totals", () => {
    for (const { name } of zooModels) {
      const { layers, parameters, multiplyAccumulates } = profile(published(name));
      expect(layers.reduce((sum, l) => sum + l.parameters, 0)).toBe(parameters);
      expect(layers.reduce((sum, l) => sum + l.multiplyAccumulates, 0)).toBe(multiplyAccumulates);
    }
  });
});

describe("Hello Edge's memory and operations", () => {
  const models = zooModels.filter((m) => m.published.memory !== undefined);
  const recurrent = models.map((m) => m.name).filter((name) => /lstm|gru_/.test(name));

  it("are published for 21 models", () => expect(models).toHaveLength(21));

  // The paper cuts 497.87 to 497.8 here and 79.762 to 79.7, and rounds 78.998 to 79.0: one rule for all does not exist.
  it.each(models.filter((m) => m.name !== "cnn_l" && m.name !== "crnn_s"))(
    "$name needs the memory printed",
    ({ name, published: { memory } }) => {
      expect((helloEdgeCost(published(name)).memory / 1000).toFixed(1)).toBe(memory);
    },
  );
  it("cnn_l needs 497,870 bytes, printed as 497.8, crnn_s 79,762, printed as 79.7", () => {
    expect(helloEdgeCost(published("cnn_l")).memory).toBe(497_870);
    expect(findModel("cnn_l").published.published.memory).toBe("497.8");
    expect(helloEdgeCost(published("crnn_s")).memory).toBe(79_762);
    expect(findModel("crnn_s").published.published.memory).toBe("79.7");
  });

  // What the paper counts in the gates is not said: with their element-wise operations, some sizes come out above what is printed.
  it.each(recurrent)("%s takes the operations printed, to 2 %", (name) => {
    const printed = Number.parseFloat(findModel(name).published.published.operations as string) * 1e6;
    expect(Math.abs(helloEdgeCost(published(name)).operations / printed - 1)).toBeLessThan(0.02);
  });

  // Likewise 397,068 is printed as 397.0 K, and 990,168 as 990.2 K: no count that grows with the width gives both by rounding.
  it.each(models.filter((m) => !["dnn_m", ...recurrent].includes(m.name)))(
    "$name takes the operations printed",
    ({ name, published: { operations } }) => {
      expect(shortCount(helloEdgeCost(published(name)).operations)).toBe(operations);
    },
  );
  it("dnn_m takes 397,068 operations, printed as 397.0 K", () => {
    expect(helloEdgeCost(published("dnn_m")).operations).toBe(397_068);
    expect(findModel("dnn_m").published.published.operations).toBe("397.0 K");
  });

  it("fold batch norm away: no flag of it changes the count", () => {
    const { shape } = findModel("ds_cnn_m").published;
    const cost = helloEdgeCost(published("ds_cnn_m"));
    for (const options of [{ gamma: false }, { bias: false }, { dropout1: 0.2 }]) {
      expect(helloEdgeCost(buildModel("ds_cnn_m", options, shape))).toEqual(cost);
    }
  });
});

describe("layers", () => {
  it("of a graph without products are one", () => {
    const builder = new GraphBuilder("relu");
    builder.output("y", builder.op("relu", [builder.op("neg", [builder.input("x", tensor("f32", [2, 3]))])]));
    expect(profile(builder.finish())).toEqual({
      layers: [{ name: "neg", op: "neg", shape: [2, 3], parameters: 0, multiplyAccumulates: 0, activationBytes: 24 }],
      parameters: 0,
      trainable: 0,
      multiplyAccumulates: 0,
      activationBytes: 24,
      largestPairBytes: 48,
    });
  });

  it("of a front end add up", () => {
    const graph = buildFrontend(frontendPreset("arm"), { samples: 16_000, rate: 16_000 });
    const { layers, multiplyAccumulates } = profile(graph);
    expect(layers.at(-1)?.shape).toEqual([1, 49, 10]);
    expect(layers.reduce((sum, l) => sum + l.multiplyAccumulates, 0)).toBe(multiplyAccumulates);
    // 40 bands and 10 coefficients of 49 frames at least
    expect(multiplyAccumulates).toBeGreaterThan(49 * 40 * 10);
  });

  it("are named by the path of their parameters", () => {
    expect(countLayers(published("ds_cnn_s")).map((l) => l.name)).toEqual([
      "stem.convolution",
      ...[0, 1, 2, 3].flatMap((i) => [`blocks.${i}.depthwise`, `blocks.${i}.pointwise`]),
      "mean",
      "classifier",
    ]);
  });
});

describe("zooTable", () => {
  it("has a row for every model with its counts and the published figures", () => {
    const rows = zooTable().split("\n");
    expect(rows).toHaveLength(2 + zooModels.length);
    expect(new Set(rows.map((row) => row.split("|").length)).size).toBe(1);
    expect(rows.find((row) => row.startsWith("| ds_cnn_s "))).toContain(
      "| 24,908 | 23,756 |  | 2,656,768 | 5.3 M | 112,392 | 64,000 | 38.6 | 38.6 | 5.4 M | 5.4 M | 94.4 |",
    );
  });

  it("stands in the README as it is now", () => {
    const text = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
    expect(text).toContain(`src/measure/zoo_table.ts -->\n${zooTable()}\n<!--`);
  });
});
