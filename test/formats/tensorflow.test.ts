import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compile } from "../../src/engine/compile.js";
import { FrozenGraph } from "../../src/formats/tensorflow/frozen_graph.js";
import { type GraphNode, readGraphDef } from "../../src/formats/tensorflow/graph_def.js";
import { importFrozenGraph } from "../../src/formats/tensorflow/hello_edge.js";
import { importModel } from "../../src/formats/import/index.js";
import { crc32c } from "../../src/formats/tensorflow/crc32c.js";
import { frontendPreset } from "../../src/frontend/presets.js";
import { WireReader } from "../../src/formats/tensorflow/wire.js";
import { foreignModels } from "./foreign_models.js";

describe("wire format", () => {
  const reader = new WireReader("a.pb", "test");

  it("reads numbers of up to 64 bits, negative ones too", () => {
    const number = (...bytes: number[]) => reader.varint(Uint8Array.from(bytes), 0).value;
    expect(number(0x96, 0x01)).toBe(150);
    expect(number(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01)).toBe(-1);
    expect(number(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x08)).toBe(2 ** 52);
  });

  it("refuses what leads beyond the end", () => {
    expect(() => [...reader.fields(Uint8Array.of(0x12, 5, 1))]).toThrow("a.pb: byte 2: 5 bytes where 1 are left");
    expect(() => [...reader.fields(Uint8Array.of(0x08, 0x80))]).toThrow("a.pb: byte 2: the end inside a number");
    expect(() => [...reader.fields(Uint8Array.of(0x0b))]).toThrow("a field of wire type 3");
  });
});

it("computes CRC-32C", () => {
  expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
});

const shrunk = (node: GraphNode) => new Map(node.attributes).set("ksize", [1, 1, 1, 1]);

describe("frozen graphs from TensorFlow 1's operators, sound to logits", () => {
  const folder = join(import.meta.dirname, "../golden/frozen");
  const golden = JSON.parse(readFileSync(join(folder, "cases.json"), "utf8")) as {
    samples: number[];
    cases: { name: string; logits: number[] }[];
  };
  const audio = Float32Array.from(golden.samples, (x) => x / 32768);

  for (const { name, logits } of golden.cases)
    it(name, async () => {
      const model = await importModel(join(folder, `${name}.pb`), { labels: ["a", "b", "c"] });
      const frontend = await compile(model.frontend, { target: "wasm" });
      const network = await compile(model.graph, { target: "wasm" });
      for (const [parameter, values] of model.parameters) network.write(parameter, values);
      frontend.write("audio", audio);
      frontend.run();
      network.write("features", frontend.read("features"));
      network.run();
      const made = network.read("logits");
      frontend.close();
      network.close();
      expect(made).toHaveLength(logits.length);
      logits.forEach((wanted, i) => expect(Math.abs((made[i] as number) - wanted)).toBeLessThan(2e-4));
    });

  const changed = (name: string, change: (node: GraphNode) => GraphNode | undefined) => () => {
    const nodes = readGraphDef(readFileSync(join(folder, `${name}.pb`)), "a.pb");
    const kept = [...nodes.values()].flatMap((node) => change(node) ?? []);
    return importFrozenGraph(new FrozenGraph(new Map(kept.map((node) => [node.name, node])), "a.pb"));
  };

  it("are refused where they compute something else", () => {
    expect(changed("gru", (node) => (node.op === "Tanh" ? { ...node, op: "Sigmoid" } : node))).toThrow(
      /^a.pb: node rnn\/while\/Exit_\d \(Exit\): is the result of a loop that is no LSTM and no GRU/,
    );
    expect(changed("dnn", (node) => (node.op === "Relu" ? { ...node, op: "Elu" } : node))).toThrow(
      "a.pb: node Relu_1 (Elu): this operator stands in no network of Hello Edge",
    );
    expect(changed("cnn", (node) => (node.name === "bn3/beta" ? undefined : node))).toThrow("a.pb: node bn3/beta: is missing");
    expect(changed("ds_cnn", (node) => (node.op === "AvgPool" ? { ...node, attributes: shrunk(node) } : node))).toThrow(
      /AvgPool\): an average over 1,1 places of a map of/,
    );
  });
});

describe.skipIf(!existsSync(foreignModels))("published weights (../shared)", () => {
  const at = (name: string): string => join(foreignModels, name);

  it("are recognised in the frozen graphs of 2017, with their front end", async () => {
    const found = await importModel(at("arm-2017/DS_CNN_S.pb"));
    expect(found.training["model"]).toBe("ds_cnn_s");
    expect(found.training["recipe"]).toMatchObject({ samples: 16000, model: { options: { gamma: false, bias: true } } });
    expect(found.frontendDescription).toEqual(frontendPreset("FE-A-320"));
    expect((await importModel(at("arm-2017/CRNN_S.pb"))).training["model"]).toBe("crnn_s");
    const lstm = await importModel(at("arm-2017/LSTM_S.pb"));
    expect(lstm.training["model"]).toBe("lstm_s");
    expect(lstm.frontendDescription).toEqual(frontendPreset("FE-A-640"));
  });

  it("are recognised in checkpoints", async () => {
    const found = await importModel(at("arm-tf2/ckpt_DNN_S"));
    expect(found.training["model"]).toBe("dnn_s");
    expect(found.labels).toHaveLength(12);
  });

  it("that fit two networks ask for a name, and those that fit none name what does not fit", async () => {
    const file = at("arm-tf2/ckpt_DS_CNN_S/ds_cnn_0.94_ckpt");
    await expect(importModel(file)).rejects.toThrow("network: its weights fit ds_cnn_s and tiny_kws; say with --network");
    await expect(importModel(file, { network: "ds_cnn_m" })).rejects.toThrow(
      "network ds_cnn_m: layer_with_weights-0/kernel is [10,4,1,64] where stem.convolution.kernel takes [10,4,1,172]",
    );
    await expect(importModel(file, { network: "svdf" })).rejects.toThrow(
      /missing in the file: layers.0.*; without a place in the network: layer_with/,
    );
    expect((await importModel(file, { network: "ds_cnn_s" })).parameters.size).toBe(56);
    await expect(importModel(at("arm-2017/DNN_S.pb"), { network: "dnn_m" })).rejects.toThrow(
      "network dnn_m: the file has 36000 weights for hidden.0.kernel of shape [250,256]; leave out --network",
    );
  });
});
