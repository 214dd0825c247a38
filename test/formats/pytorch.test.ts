import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { compile } from "../../src/engine/compile.js";
import { describeFrontend, type FrontendDescription } from "../../src/frontend/frontend.js";
import { modelOf } from "../../src/formats/import/index.js";
import { parseStateDict } from "../../src/formats/pytorch/read.js";
import { stateDictOf, writeStateDict } from "../../src/formats/pytorch/write.js";
import { realValues } from "../../src/formats/import/weights.js";
import type { Model } from "../../src/formats/model.js";
import { loadModel, parseModel, writeModel } from "../../src/formats/model_file.js";
import { resolveModel } from "../../src/formats/shipped.js";
import { readZip } from "../../src/formats/zip.js";
import { retype } from "../../src/graph/retype.js";
import { readGolden, relativeDifference, tensorOf } from "../golden/read_golden.js";
import { randomModel } from "./random_model.js";

const folder = fileURLToPath(new URL("../golden/pytorch/", import.meta.url));
const golden = readGolden("torch_weights");
const read = (file: string) => parseStateDict(readFileSync(join(folder, file)), file);

async function logitsOf({ graph, parameters }: Model, features: Float64Array): Promise<Float32Array> {
  const [, frames, bands] = graph.inputs[0].value.type.shape as [number, number, number];
  const clips = features.length / (frames * bands);
  const program = await compile(retype(graph, { inputs: { features: [clips, frames, bands] } }), { target: "oracle" });
  try {
    for (const [name, values] of parameters) program.write(name, values);
    program.write("features", features);
    program.run();
    return program.read("logits");
  } finally {
    program.close();
  }
}

/** A front end that gives the shape of some features: plain frames of samples. */
const frames = ([, count = 0, length = 0]: readonly number[], labels: number) => ({
  frontend: describeFrontend({ kind: "frames", windowMs: length, strideMs: length }),
  // At 1 kHz a millisecond is a sample.
  rate: 1000,
  samples: count * length,
  labels: Array.from({ length: labels }, (_, i) => `word ${i}`),
});

test.each([...golden.cases.values()].map((one) => [one.name, one] as const))(
  "%s, saved by PyTorch and imported, has PyTorch's logits",
  async (_, { attributes, inputs, outputs }) => {
    const file = String(attributes["file"]);
    const options = attributes["options"] as Record<string, unknown>;
    const foreign = { format: "pytorch", tensors: read(file) } as const;
    const features = tensorOf(inputs, "features");
    const isCell = String(attributes["architecture"]).startsWith("edgeml/");
    const settings = isCell ? frames(features.shape, outputs.get("logits")?.shape[1] ?? 0) : {};
    const model = modelOf(foreign, file, { network: String(attributes["architecture"]), options, ...settings });
    if (!isCell) expect(model.labels.slice(0, 3)).toEqual(["_unknown_", "_silence_", "yes"]);
    // The file shows network and sizes too.
    const recognised = modelOf(foreign, file, settings);
    expect(recognised.training["model"]).toBe(attributes["architecture"]);
    expect(recognised.parameters).toEqual(model.parameters);
    const logits = await logitsOf(model, features.values);
    expect(relativeDifference(logits, tensorOf(outputs, "logits").values)).toBeLessThan(1e-5);
  },
);

interface Listed {
  readonly shape: readonly number[];
  readonly values: readonly string[];
}

test.each(["odd_zip.pth", "odd_stream.pth"])("tensors of every type, turned, shared and empty ones in %s", (file) => {
  const wanted = JSON.parse(readFileSync(join(folder, "odd.json"), "utf8")) as Record<string, Listed>;
  const found = read(file);
  expect([...found.keys()]).toEqual(Object.keys(wanted));
  for (const [name, { shape, values }] of Object.entries(wanted)) {
    const tensor = found.get(name);
    expect(tensor?.shape, name).toEqual(shape);
    const numbers = values.map((text) => ({ True: 1, False: 0 })[text] ?? Number(text));
    if (tensor?.type === "F64") expect([...(tensor.data as Float64Array)]).toEqual(numbers);
    else expect(tensor && [...realValues(tensor)], name).toEqual([...Float32Array.from(numbers)]);
  }
});

// tools/golden/torch_weights.py opens this file with torch.load(weights_only=True) and compares every tensor.
test("a state dict of every type is written as the file that PyTorch has opened", () => {
  const bytes = writeStateDict(read("odd_zip.pth"), "written");
  const known = join(folder, "written.pth");
  if (process.env["EARSHOT_WRITE_GOLDEN"] !== undefined) writeFileSync(known, bytes);
  expect(Buffer.compare(bytes, readFileSync(known))).toBe(0);
});

test.each(["shufflenet.pth", "mobilenet_half.pth", "resnet_checkpoint.pth"])(
  "%s, imported and written again, is the same state dict in the same order",
  (file) => {
    const tensors = read(file);
    const model = modelOf({ format: "pytorch", tensors }, file);
    const again = parseStateDict(writeStateDict(stateDictOf(parseModel(writeModel(model), file), file), "again"), "again.pth");
    expect([...again.keys()]).toEqual([...tensors.keys()]);
    for (const [name, tensor] of tensors) {
      if (name.endsWith("num_batches_tracked")) continue;
      expect(again.get(name)?.shape, name).toEqual(tensor.shape);
      expect(again.get(name)?.data, name).toEqual(realValues(tensor));
    }
  },
);

test.each(["fastgrnn.pt", "fastrnn.pt", "ugrnn.pt", "gru.pt", "lstm.pt", "fastgrnn_turned.pt"])(
  "EdgeML's %s, imported and written again, has the same entries, and their storages once",
  (file) => {
    const tensors = read(file);
    const inputs = golden.cases.get(file.replace(".pt", ""))?.inputs ?? new Map();
    const [, , features] = tensorOf(inputs, "features").shape as [number, number, number];
    const imported = (from: typeof tensors) => modelOf({ format: "pytorch", tensors: from }, file, frames([0, 9, features], 4));
    const model = imported(tensors);
    const bytes = writeStateDict(stateDictOf(model, file), "again");
    const again = parseStateDict(bytes, "again.pth");
    expect([...again.keys()].toSorted()).toEqual([...tensors.keys()].toSorted());
    expect(imported(again).parameters).toEqual(model.parameters);
    const values = [...model.parameters.values()].reduce((sum, { length }) => sum + length, 0);
    const stored = [...readZip(bytes, "again.pth")].filter(([name]) => name.includes("/data/"));
    expect(stored.reduce((sum, [, entry]) => sum + entry.size, 0)).toBe(4 * values);
    if (file === "fastgrnn_turned.pt") return;
    for (const [name, tensor] of tensors) {
      expect(again.get(name)?.shape, name).toEqual(tensor.shape);
      expect(again.get(name)?.data, name).toEqual(realValues(tensor));
    }
  },
);

test("only networks with names in PyTorch are written", async () => {
  const model = await loadModel(resolveModel("ds_cnn_s"));
  expect(() => stateDictOf(model, "a.safetensors")).toThrow(
    /^a\.safetensors: hello_edge\/ds_cnn has no names in PyTorch; these have: speechrec/,
  );
});

test("the network, its sizes and its labels follow from the names of a state dict", () => {
  for (const [file, network, options] of [
    ["mobilenet_half.pth", "mobilenetv2", { dropout: 0.2, widthMultiplier: 1 / 32 }],
    ["shufflenet.pth", "shufflenetv2", { channels: [6, 8, 12, 10], repeats: [2, 3] }],
    ["resnet_checkpoint.pth", "resnet18", { channels: [4, 6, 6], blocks: 1 }],
  ] as const) {
    const model = modelOf({ format: "pytorch", tensors: read(file) }, file);
    expect(model.training["recipe"]).toMatchObject({ model: { name: `speechrec/${network}`, options } });
    expect(model.labels).toHaveLength(12);
  }
});

test("says what is missing, of another shape or left over, by name", () => {
  const tensors = read("shufflenet.pth");
  const options = { channels: [6, 8, 12, 10], repeats: [2, 3] };
  const imported = (changed: typeof tensors, more = {}) =>
    modelOf({ format: "pytorch", tensors: changed }, "a.pth", { network: "shufflenetv2", options, ...more });
  const without = new Map(tensors);
  without.delete("stage2.0.branch1.3.running_mean");
  expect(() => imported(without)).toThrow(/^a\.pth: its tensors: stage2\.0\.branch1\.3\.running_mean is missing; the file has/);
  expect(() => imported(tensors, { labels: ["yes", "no"] })).toThrow(
    "a.pth: tensor fc.weight: is [12, 10] and must be [2, 10]; give the sizes that were trained with --option, --frontend and --labels",
  );
  const more = new Map(tensors).set("stage9.weight", { type: "F32", shape: [1], data: new Float32Array(1) });
  expect(() => imported(more)).toThrow("the network has no place for stage9.weight");
  expect(() => modelOf({ format: "pytorch", tensors: new Map(tensors) }, "a.pth", { network: "svdf" })).toThrow(
    "how weights of kws_streaming/svdf stand in such a file is not known",
  );
});

// EdgeML's files have no place for mean and factor: without them in the weights, the file was another network.
test.each([
  ["edgeml/fastgrnn", { wRank: 3 }],
  ["edgeml/fastrnn", {}],
  ["edgeml/gru", { uRank: 2, numLayers: 2 }],
  ["edgeml/lstm", { wRank: 2, uRank: 3 }],
] as const)("%s %j that normalizes is written with that in its weights", async (name, options) => {
  const given = { hiddenUnits: 6, ...options };
  const normalizing = randomModel(name, describeFrontend({ kind: "log_mel", strideMs: 100, melBands: 5 }), {
    ...given,
    normalize: 1,
  });
  normalizing.parameters.set("normalize.mean", Float32Array.of(0.5, -1, 2, 0.1, 0));
  normalizing.parameters.set("normalize.factor", Float32Array.of(0.3, 2, 1, 0.7, 1.5));
  const model = { ...normalizing, training: { ...normalizing.training, model: name } };
  const features = Float64Array.from({ length: 10 * 5 }, (_, i) => Math.sin(i * i));
  const tensors = parseStateDict(writeStateDict(stateDictOf(model, "a.safetensors"), "a"), "a.pth");
  const settings = { frontend: model.frontendDescription as FrontendDescription, labels: [...model.labels] };
  const again = modelOf({ format: "pytorch", tensors }, "a.pth", { network: name, options: given, ...settings });
  expect(again.parameters.has("normalize.mean")).toBe(false);
  expect(relativeDifference(await logitsOf(again, features), Float64Array.from(await logitsOf(model, features)))).toBeLessThan(
    1e-5,
  );
});
