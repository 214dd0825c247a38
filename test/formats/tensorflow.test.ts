import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
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
