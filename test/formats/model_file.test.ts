import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FormatError, UserError } from "../../src/base/errors.js";
import type { Model } from "../../src/formats/model.js";
import { loadModel, parseModel, saveModel, writeModel } from "../../src/formats/model_file.js";
import { parseSafetensors, type Safetensors, writeSafetensors } from "../../src/formats/safetensors.js";
import { findShippedModel, resolveModel, shippedModels } from "../../src/formats/shipped.js";
import { printGraph } from "../../src/graph/text_print.js";
import { randomModel } from "./random_model.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "earshot-model-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** The model's file with its content changed, and without the checksum that would tell so at once. */
function changed(model: Model, change: (content: Safetensors) => void): Uint8Array {
  const content = parseSafetensors(writeModel(model), "x");
  content.metadata.delete("earshot.checksum");
  change(content);
  return writeSafetensors(content);
}

/** Writes another text into the metadata. */
const set = (key: string, value: string) => (content: Safetensors) => void content.metadata.set(`earshot.${key}`, value);

/** Replaces a part of a text of the metadata. */
const swap = (key: string, from: string, to: string) => (content: Safetensors) => {
  const text = content.metadata.get(`earshot.${key}`) as string;
  expect(text).toContain(from);
  content.metadata.set(`earshot.${key}`, text.replace(from, to));
};

describe("model file", () => {
  const model = randomModel("ds_cnn_s", "arm");

  it("comes back as it was, and leaves nothing else in the folder", async () => {
    const path = join(folder, "sub", "m.safetensors");
    await saveModel(path, model);
    await saveModel(path, model);
    expect(await readdir(join(folder, "sub"))).toEqual(["m.safetensors"]);
    const again = await loadModel(path);
    expect(printGraph(again.graph)).toBe(printGraph(model.graph));
    expect(printGraph(again.frontend)).toBe(printGraph(model.frontend));
    const { graph: _, frontend: __, parameters, ...rest } = again;
    const { graph: ___, frontend: ____, parameters: wanted, ...others } = model;
    expect(rest).toEqual(others);
    expect([...parameters].toSorted()).toEqual([...wanted].toSorted());
    expect(writeModel(again)).toEqual(new Uint8Array(await readFile(path)));
  });

  it("keeps a recurrent model", () => {
    const crnn = randomModel("crnn", "kws_streaming");
    const again = parseModel(writeModel(crnn), "x");
    expect(printGraph(again.graph)).toBe(printGraph(crnn.graph));
    expect(again.graph.nodes.find((n) => n.op === "scan")?.body?.name).toBe("gru");
  });

  it("says why a file cannot be read or written", async () => {
    await expect(loadModel(join(folder, "none.safetensors"))).rejects.toThrow(
      /none\.safetensors: cannot be read: no such file or folder \(ENOENT\)/,
    );
    await writeFile(join(folder, "file"), "");
    await expect(saveModel(join(folder, "file", "m.safetensors"), model)).rejects.toThrow(UserError);
    await expect(loadModel(join(folder, "file"))).rejects.toThrow(FormatError);
  });

  it("refuses parameters without or with wrong values when writing", () => {
    const [name] = model.parameters.keys();
    expect(() => writeModel({ ...model, parameters: new Map() })).toThrow(/has no values for parameter/);
    const wrong = new Map(model.parameters).set(name, new Float32Array(3));
    expect(() => writeModel({ ...model, parameters: wrong })).toThrow(`parameter ${name} is f32`);
  });

  const wrong: [what: string, change: (content: Safetensors) => void, message: RegExp][] = [
    ["another file", (c) => c.metadata.clear(), /metadata earshot\.version: is missing/],
    ["a later version", set("version", "2"), /version 2; this earshot reads versions up to 1/],
    ["an odd version", set("version", "one"), /earshot\.version: "one"/],
    [
      "an unknown op",
      swap("graph", "depthwise_conv2d(", "depthwise("),
      /earshot\.graph: line \d+, column \d+: unknown op 'depthwise'/,
    ],
    ["types that do not follow", swap("graph", "strides=[2,2]", "strides=[1,1]"), /verifier: graph .* should be f32/],
    [
      "a front end that does not fit",
      swap("graph", "input features %0: f32[1,49,10]", "input features %0: f32[1,10,49]"),
      /verifier|gives f32\[1,49,10\]/,
    ],
    ["labels that do not fit", set("labels", '["yes","no"]'), /2 labels for logits f32\[1,12\]/],
    ["labels twice", set("labels", JSON.stringify(Array(12).fill("yes"))), /not a list of different texts/],
    [
      "an unknown front end",
      set("frontend_description", '{"kind":"mfc"}'),
      /earshot\.frontend_description: option kind: found "mfc"/,
    ],
    ["labels that are no JSON", set("labels", "yes"), /earshot\.labels: is not JSON/],
    ["a training that is a list", set("training", "[]"), /earshot\.training: is not a JSON table/],
    ["a missing weight", (c) => void c.tensors.delete([...c.tensors.keys()][0]), /is missing; the graph needs f32/],
    [
      "a foreign tensor",
      (c) => void c.tensors.set("x", { type: "F32", shape: [1], data: new Float32Array(1) }),
      /tensor x: is no parameter/,
    ],
    [
      "a weight of another type",
      (c) => {
        const [[name, { shape, data }]] = c.tensors;
        c.tensors.set(name, { type: "F64", shape, data: new Float64Array(data.length) });
      },
      /is f64\[.*; the graph needs f32/,
    ],
    [
      "the graph in the front end's place",
      (c) => void c.metadata.set("earshot.frontend", c.metadata.get("earshot.graph") as string),
      /has not the one input audio/,
    ],
  ];
  for (const [what, change, message] of wrong)
    it(`refuses ${what}`, () => {
      const bytes = changed(model, change);
      expect(() => parseModel(bytes, "m.safetensors")).toThrow(FormatError);
      expect(() => parseModel(bytes, "m.safetensors")).toThrow(message);
    });

  it("takes a file of the first versions, which had no checksum", () => {
    const bytes = changed(model, () => {});
    expect(parseModel(bytes, "m.safetensors").parameters).toEqual(model.parameters);
  });

  it("notices a flipped bit in every tensor and every text of the metadata", () => {
    const right = writeModel(model);
    const bodyStart = 8 + new DataView(right.buffer).getUint32(0, true);
    const message = "m.safetensors: metadata earshot.checksum: does not fit the contents";
    for (let at = bodyStart; at < right.length; at += 997) {
      const bytes = right.slice();
      bytes[at] ^= 1 << (at % 8);
      expect(() => parseModel(bytes, "m.safetensors")).toThrow(message);
    }
    const content = parseSafetensors(right, "x");
    content.metadata.set("earshot.licence", `${model.licence} `);
    expect(() => parseModel(writeSafetensors(content), "m.safetensors")).toThrow(message);
  });

  it("refuses a graph whose values would fill the memory", () => {
    const bytes = changed(model, swap("frontend", "input audio %0: f32[1,16000]", "input audio %0: f32[1,2000000000]"));
    expect(() => parseModel(bytes, "m.safetensors")).toThrow(/earshot\.frontend: its values: \d+ elements, at most 134217728/);
  });

  it("any damage gives a model or a FormatError", () => {
    const right = writeModel(model);
    const headerEnd = 8 + new DataView(right.buffer).getUint32(0, true);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(headerEnd - 1), fc.nat(255)), { minLength: 1, maxLength: 3 }), (changes) => {
        const bytes = right.slice();
        for (const [at, value] of changes) bytes[at] = value;
        try {
          parseModel(bytes, "x");
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("models that come with earshot", () => {
  it("are found by name, and load", async () => {
    for (const name of shippedModels()) {
      expect(resolveModel(name)).toBe(findShippedModel(name));
      const { labels, parameters } = await loadModel(resolveModel(name));
      expect(labels.length).toBeGreaterThan(1);
      expect(parameters.size).toBeGreaterThan(0);
    }
  });

  it("a folder of a run, or of quickstart, stands for its best model", () => {
    const folder = mkdtempSync(join(tmpdir(), "earshot-run-"));
    try {
      expect(() => resolveModel(folder)).toThrow(/this folder has no best.safetensors; name a model file/);
      mkdirSync(join(folder, "run"));
      const best = join("run", "best.safetensors");
      writeFileSync(join(folder, best), "");
      expect(resolveModel(folder)).toBe(join(folder, best));
      expect(resolveModel(join(folder, "run"))).toBe(join(folder, best));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("another name is an error that says what there is", () => {
    expect(findShippedModel("../package")).toBeUndefined();
    expect(() => resolveModel("no_such_model")).toThrow(/no_such_model: there is no such file, and (the models|no models)/);
  });
});
