import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compile } from "../../src/engine/compile.js";
import type { ForeignLayer } from "../../src/formats/keras/foreign_layer.js";
import { h5Layers } from "../../src/formats/keras/h5_layers.js";
import { matchLayers } from "../../src/formats/keras/match.js";
import { readCheckpoint } from "../../src/formats/tensorflow/checkpoint.js";
import { checkpointLayers } from "../../src/formats/tensorflow/checkpoint_layers.js";
import { buildModel, type ModelOptions } from "../../src/zoo/index.js";

interface Case {
  readonly name: string;
  readonly network: string;
  readonly options: ModelOptions;
  readonly frames: number;
  readonly features: number;
  readonly labels: number;
  readonly clip: readonly number[];
  readonly logits: readonly number[];
}

const folder = join(import.meta.dirname, "../golden/keras");
const newer = join(import.meta.dirname, "../golden/keras3");
const casesOf = (where: string) => (JSON.parse(readFileSync(join(where, "cases.json"), "utf8")) as { cases: Case[] }).cases;
const cases = casesOf(folder);

/** Largest difference between what the network says with these weights and what the original said. */
async function difference(one: Case, layers: readonly ForeignLayer[]): Promise<number> {
  const { frames, features, labels } = one;
  const network = one.network.includes("/") ? one.network : `kws_streaming/${one.network}`;
  const graph = buildModel(network, one.options, { frames, features, labels });
  const parameters = matchLayers(graph, layers, one.name, network);
  const program = await compile(graph, { target: "wasm" });
  try {
    for (const [name, values] of parameters) program.write(name, values);
    program.write("features", Float32Array.from(one.clip));
    program.run();
    const made = program.read("logits");
    return Math.max(...one.logits.map((wanted, i) => Math.abs(wanted - (made[i] as number))));
  } finally {
    program.close();
  }
}

const named = (name: string): Case => cases.find((one) => one.name === name) as Case;

describe("weights of kws_streaming's networks, saved by its own code", () => {
  for (const one of cases)
    it(`checkpoint of ${one.name}`, async () => {
      const layers = checkpointLayers(await readCheckpoint(join(folder, one.name)));
      expect(await difference(one, layers)).toBeLessThan(1e-5);
    });

  it("tf.train.Checkpoint with an optimizer", async () => {
    const layers = checkpointLayers(await readCheckpoint(join(folder, "crnn_ckpt-1")));
    expect(await difference(named("crnn"), layers)).toBeLessThan(1e-5);
  });

  for (const [file, network, form] of [
    ["att_mh_rnn.h5", "att_mh_rnn", "weights"],
    ["dnn.h5", "dnn", "a whole model"],
    ["dnn_packed.h5", "dnn", "gzip, shuffle, checksums"],
    ["dnn_v108.h5", "dnn", "the newer layout of groups and headers"],
  ] as const)
    it(`${file}: ${form}`, async () => {
      const layers = h5Layers(readFileSync(join(folder, file)), file);
      expect(await difference(named(network), layers)).toBeLessThan(1e-5);
    });
});

it("a shape that claims more than the file could hold is refused before it takes memory", () => {
  const bytes = readFileSync(join(folder, "dnn_packed.h5"));
  // Sizes of a kernel of [4, 5], of eight bytes each.
  const at = bytes.indexOf(Uint8Array.of(4, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0));
  expect(at).toBeGreaterThan(0);
  bytes.writeUInt32LE(11_753_221, at + 8);
  expect(() => h5Layers(bytes, "a.h5")).toThrow(/a\.h5: byte \d+: more than \d+ bytes of data in a file of 45911/);
});

describe("weights of Keras 3", () => {
  const [one] = casesOf(newer) as [Case];

  it("checkpoint", async () => {
    const layers = checkpointLayers(await readCheckpoint(join(newer, "ds_cnn")));
    expect(await difference(one, layers)).toBeLessThan(1e-5);
  });

  it(".h5 of a model", async () => {
    const layers = h5Layers(readFileSync(join(newer, "ds_cnn.h5")), "ds_cnn.h5");
    expect(await difference(one, layers)).toBeLessThan(1e-5);
  });

  it(".weights.h5 is refused: it says no names", () => {
    expect(() => h5Layers(readFileSync(join(newer, "ds_cnn.weights.h5")), "a.weights.h5")).toThrow(
      "a.weights.h5: /layers: these are weights as Keras 3 numbers them, without their names; save the model by model.save('NAME.h5')",
    );
  });
});
