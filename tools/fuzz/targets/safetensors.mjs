import { readFileSync } from "node:fs";
import { withStream } from "../../../dist/detect/model_stream.js";
import { modelDigest, parseModel, writeModel } from "../../../dist/formats/model_file.js";
import { findShippedModel } from "../../../dist/formats/shipped.js";
import { parseSafetensors, writeSafetensors } from "../../../dist/formats/safetensors.js";
import {
  anyValue,
  awkwardNumbers,
  awkwardTexts,
  encode,
  join,
  jsonText,
  misspell,
  mutateBytes,
  mutateValue,
  noise,
} from "../mutate.mjs";

let shipped;
let streaming;

/** A real model file, read once: 115 KB. */
function model() {
  shipped ??= new Uint8Array(readFileSync(findShippedModel("ds_cnn_s")));
  return shipped;
}

/** The same with its streaming graph, of two phases. */
function streamingModel() {
  const options = { form: "context", input: "features", hops: 1 };
  streaming ??= writeModel(withStream(parseModel(model(), "model"), options));
  return streaming;
}

/** A file of a header and a body that need not fit it. */
function file(headerText, body, length) {
  const header = encode(headerText);
  const head = new DataView(new ArrayBuffer(8));
  head.setBigUint64(0, length ?? BigInt(header.length), true);
  return join(new Uint8Array(head.buffer), header, body);
}

/** A header with a few tensors, mutated as JSON. */
function written(random) {
  const header = { __metadata__: { format: "earshot", a: "b" } };
  let end = 0;
  for (let i = random.integer(4); i >= 0; i--) {
    const shape = Array.from({ length: random.integer(4) }, () => 1 + random.integer(4));
    const bytes = 4 * shape.reduce((product, n) => product * n, 1);
    header[`t${i}`] = { dtype: "F32", shape, data_offsets: [end, end + bytes] };
    end += bytes;
  }
  const length = random.integer(10) === 0 ? BigInt(random.pick(awkwardNumbers)) * 2n ** BigInt(random.pick([0, 31])) : undefined;
  return file(jsonText(random, mutateValue(random, header)), new Uint8Array(end), length);
}

/** Brackets, quotes and keys up to a quarter of a megabyte: what JSON's own parser and the search for keys must bear. */
function deep(random) {
  const count = random.integer(1 << 15);
  const text = random.pick(["[", '{"a":', '{"a":1,"', '"\\', '{"a":[{},', `{"a":"${"b".repeat(100)}`]);
  const opened = random.pick([
    `{"a":${"[".repeat(count)}${"]".repeat(count)}}`,
    text.repeat(count >> 3),
    `{"x":${text.repeat(count >> 4)}`,
  ]);
  return file(opened, new Uint8Array(8));
}

/** A model file whose metadata is changed, with a checksum that fits it again or none. */
function changedModel(random) {
  const streams = random.integer(2) === 0;
  const { tensors, metadata } = parseSafetensors(streams ? streamingModel() : model(), "model");
  const keys = [...metadata.keys()];
  const key = random.pick(streams ? keys.filter((k) => k.startsWith("earshot.stream")) : keys);
  const before = metadata.get(key);
  metadata.set(
    key,
    ["earshot.graph", "earshot.frontend"].includes(key) || key.startsWith("earshot.stream.phase")
      ? changedGraph(random, before)
      : changedText(random, before),
  );
  if (random.integer(4) === 0) {
    const name = random.pick([...tensors.keys()]);
    const { data } = tensors.get(name);
    const count = random.integer(data.length + 1);
    tensors.delete(name);
    if (random.integer(2) === 0) tensors.set(misspell(random, name), { type: "F32", shape: [count], data: data.slice(0, count) });
    else tensors.set(name, { type: "F32", shape: [count], data: data.slice(0, count) });
  }
  metadata.delete("earshot.checksum");
  if (random.integer(2) === 0) metadata.set("earshot.checksum", modelDigest({ tensors, metadata }));
  return writeSafetensors({ tensors, metadata });
}

/** Graph text with a number, a word or a line changed. */
function changedGraph(random, text) {
  const lines = text.split("\n");
  const at = random.integer(lines.length);
  const what = random.integer(6);
  if (what === 0) lines.splice(at, 1);
  else if (what === 1) lines.splice(at, 0, lines[random.integer(lines.length)]);
  else if (what === 2)
    lines[at] = lines[at].replace(
      /[a-z_0-9]+\(/,
      random.pick(["conv2d(", "scan(", "rfft(", "frame(", "table(", "reshape(", "fused("]),
    );
  else {
    const numbers = [...lines[at].matchAll(/-?\d+(\.\d+)?/g)];
    if (numbers.length === 0) return text.slice(0, random.integer(text.length));
    const found = random.pick(numbers);
    const value = random.pick([...awkwardNumbers.map(String), "-1", "1e308", "Infinity", "NaN", "-Infinity", "0.5"]);
    lines[at] = lines[at].slice(0, found.index) + value + lines[at].slice(found.index + found[0].length);
  }
  return lines.join("\n");
}

function changedText(random, text) {
  const what = random.integer(4);
  if (what === 0) return random.pick(awkwardTexts);
  if (what === 1) return text.slice(0, random.integer(text.length + 1));
  try {
    return jsonText(random, what === 2 ? anyValue(random) : mutateValue(random, JSON.parse(text)));
  } catch {
    return text + text;
  }
}

export const name = "safetensors";

export function generate(random) {
  const kind = random.integer(32);
  if (kind === 0) return noise(random);
  if (kind === 1) return deep(random);
  if (kind < 12) return changedModel(random);
  if (kind < 14) return mutateBytes(random, model());
  if (kind < 22) return written(random);
  return mutateBytes(random, written(random));
}

export function run(bytes) {
  parseSafetensors(bytes, "case.safetensors");
  parseModel(bytes, "case.safetensors");
}
