import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { modelOf } from "../../../dist/formats/import/index.js";
import { FrozenGraph } from "../../../dist/formats/tensorflow/frozen_graph.js";
import { readGraphDef } from "../../../dist/formats/tensorflow/graph_def.js";
import { importFrozenGraph } from "../../../dist/formats/tensorflow/hello_edge.js";
import { awkwardNumbers, join, mutateBytes, noise } from "../mutate.mjs";

const folder = fileURLToPath(new URL("../../../test/golden/frozen/", import.meta.url));
const files = readdirSync(folder)
  .filter((file) => file.endsWith(".pb"))
  .map((file) => new Uint8Array(readFileSync(folder + file)));

function varint(number) {
  const bytes = [];
  for (let rest = number; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}

function readVarint(bytes, at) {
  let value = 0;
  for (let i = at, factor = 1; i < bytes.length; i++, factor *= 128) {
    value += (bytes[i] % 128) * factor;
    if (bytes[i] < 128) return { value, next: i + 1 };
  }
  return undefined;
}

/** The fields of a message: key, and content with its length where it has one; undefined where it is no message. */
function fieldsOf(bytes) {
  const fields = [];
  for (let at = 0; at < bytes.length; ) {
    const key = readVarint(bytes, at);
    if (!key) return undefined;
    const type = key.value % 8;
    if (type === 0) {
      const number = readVarint(bytes, key.next);
      if (!number) return undefined;
      fields.push({ key: key.value, number: number.value });
      at = number.next;
      continue;
    }
    const length = type === 2 ? readVarint(bytes, key.next) : { value: type === 1 ? 8 : 4, next: key.next };
    if (!length || ![1, 2, 5].includes(type) || length.next + length.value > bytes.length) return undefined;
    fields.push({ key: key.value, content: bytes.subarray(length.next, length.next + length.value) });
    at = length.next + length.value;
  }
  return fields;
}

function write(fields) {
  return join(
    ...fields.map(({ key, number, content }) => {
      if (content === undefined) return Uint8Array.from([...varint(key), ...varint(number)]);
      return join(Uint8Array.from([...varint(key), ...(key % 8 === 2 ? varint(content.length) : [])]), content);
    }),
  );
}

/** Something changed in a message, at any depth; lengths fit again. */
function changedMessage(random, bytes, depth) {
  const fields = fieldsOf(bytes);
  if (!fields || fields.length === 0 || depth === 0) return mutateBytes(random, bytes.slice());
  const at = random.integer(fields.length);
  const what = random.integer(depth > 4 ? 4 : 10);
  const field = fields[at];
  if (what === 0 && depth < 6) fields.splice(at, 1);
  else if (what === 1) fields.splice(random.integer(fields.length), 0, field);
  else if (what === 2) [fields[at], fields[0]] = [fields[0], fields[at]];
  else if (field.content === undefined)
    fields[at] = { ...field, number: random.pick([...awkwardNumbers, 0, 1, field.number + 1]) };
  else fields[at] = { ...field, content: changedMessage(random, field.content, depth - 1) };
  return write(fields);
}

export const name = "frozen_graph";

export function generate(random) {
  const file = random.pick(files);
  const kind = random.integer(16);
  if (kind === 0) return noise(random);
  if (kind === 1) return file;
  if (kind < 13) {
    let bytes = file;
    for (let i = 1 + random.integer(2); i > 0; i--) bytes = changedMessage(random, bytes, 7);
    return bytes;
  }
  return mutateBytes(random, file);
}

export function run(bytes) {
  const foreign = importFrozenGraph(new FrozenGraph(readGraphDef(bytes, "case.pb"), "case.pb"));
  const labels = Array.from({ length: Math.min(foreign.placed.labels, 1000) }, (_, i) => `label ${i}`);
  modelOf(foreign, "case.pb", { labels });
}
