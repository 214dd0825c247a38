import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { crc32c } from "../../src/formats/tensorflow/crc32c.js";
import { readCheckpoint } from "../../src/formats/tensorflow/checkpoint.js";
import { checkpointLayers } from "../../src/formats/tensorflow/checkpoint_layers.js";
import { FrozenGraph } from "../../src/formats/tensorflow/frozen_graph.js";
import { readGraphDef } from "../../src/formats/tensorflow/graph_def.js";
import { importFrozenGraph } from "../../src/formats/tensorflow/hello_edge.js";
import { importKerasLayers } from "../../src/formats/keras/import.js";
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

describe.skipIf(!existsSync(foreignModels))("published weights (../shared)", () => {
  const frozen = (name: string) => {
    const file = join(foreignModels, "arm-2017", `${name}.pb`);
    return importFrozenGraph(new FrozenGraph(readGraphDef(readFileSync(file), file), file));
  };

  it("are recognised in the frozen graphs of 2017, with their front end", () => {
    const small = [64, 3, 3, 1, 1];
    expect(frozen("DS_CNN_S")).toMatchObject({
      network: "hello_edge/ds_cnn",
      options: { modelSizeInfo: [5, 64, 10, 4, 2, 2, ...small, ...small, ...small, ...small], gamma: false, bias: true },
      shape: { frames: 49, features: 10, labels: 12 },
      frontend: { kind: "mfcc_op", windowMs: 40, strideMs: 20, upperHertz: 4000, dctCoefficients: 10 },
      samples: 16000,
    });
    expect(frozen("CRNN_S")).toMatchObject({
      network: "hello_edge/crnn",
      options: { modelSizeInfo: [48, 10, 4, 2, 2, 2, 60, 84] },
    });
    expect(frozen("LSTM_S")).toMatchObject({ network: "hello_edge/lstm", options: { modelSizeInfo: [98, 144] } });
  });

  it("are recognised in checkpoints", async () => {
    const file = join(foreignModels, "arm-tf2/ckpt_DNN_S/dnn_0.84_ckpt");
    const layers = checkpointLayers(await readCheckpoint(file), new Map());
    expect(importKerasLayers(layers, file, {})).toMatchObject({
      network: "dnn_s",
      shape: { frames: 25, features: 10, labels: 12 },
    });
  });

  it("that fit two networks ask for a name, and those that fit none name what does not fit", async () => {
    const file = join(foreignModels, "arm-tf2/ckpt_DS_CNN_S/ds_cnn_0.94_ckpt");
    const layers = checkpointLayers(await readCheckpoint(file), new Map());
    expect(() => importKerasLayers(layers, "f", {})).toThrow(
      "f: network: its weights fit ds_cnn_s and tiny_kws; say with --network",
    );
    expect(() => importKerasLayers(layers, "f", { network: "ds_cnn_m" })).toThrow(
      "f: network ds_cnn_m: layer_with_weights-0/kernel is [10,4,1,64] where stem.convolution.kernel takes [10,4,1,172]",
    );
    expect(() => importKerasLayers(layers, "f", { network: "svdf" })).toThrow(
      /missing in the file: .*; without a place in the network: layer_with/s,
    );
    expect(importKerasLayers(layers, "f", { network: "ds_cnn_s" }).parameters.size).toBe(56);
  });
});
