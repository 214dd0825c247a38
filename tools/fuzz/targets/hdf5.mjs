import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { h5Layers } from "../../../dist/formats/keras/h5_layers.js";
import { placedLayers } from "../../../dist/formats/keras/import.js";
import { buildModel } from "../../../dist/zoo/index.js";
import { awkwardNumbers, mutateBytes, noise } from "../mutate.mjs";

const folder = fileURLToPath(new URL("../../../test/golden/keras/", import.meta.url));
const { cases } = JSON.parse(readFileSync(`${folder}cases.json`, "utf8"));
const files = ["dnn.h5", "dnn_packed.h5", "dnn_v108.h5"].map((file) => new Uint8Array(readFileSync(folder + file)));
const { network, options, frames, features, labels } = cases.find((one) => one.name === "dnn");
const graph = buildModel(`kws_streaming/${network}`, options, { frames, features, labels });

/** Letters with which structures begin. */
const signatures = ["TREE", "SNOD", "HEAP", "GCOL", "OHDR"].map((text) => [...text].map((letter) => letter.charCodeAt(0)));
const known = new Map();

function structures(bytes) {
  const found = known.get(bytes) ?? [];
  if (!known.has(bytes)) {
    for (let at = 0; at + 4 <= bytes.length; at++)
      if (signatures.some((letters) => letters.every((letter, i) => bytes[at + i] === letter))) found.push(at);
    // Headers of objects have no letters: version 1, an empty byte, a count, one reference.
    for (let at = 0; at + 16 <= bytes.length; at += 8)
      if (bytes[at] === 1 && bytes[at + 1] === 0 && bytes[at + 4] === 1 && bytes[at + 5] === 0) found.push(at);
    known.set(bytes, found);
  }
  return found;
}

/** Bytes and numbers changed near the beginnings of structures. */
function changedStructures(random, file) {
  const bytes = file.slice();
  const view = new DataView(bytes.buffer);
  const places = structures(file);
  for (let i = 1 + random.integer(4); i > 0; i--) {
    const at = Math.min(bytes.length - 8, random.pick(places) + 4 + random.integer(random.pick([8, 48, 300])));
    const what = random.integer(4);
    if (what === 0) bytes[at] ^= 1 << random.integer(8);
    else if (what === 1) bytes[at] = random.integer(256);
    else if (what === 2) view.setUint32(at, random.pick([...awkwardNumbers, random.pick(places), bytes.length]), true);
    else view.setUint16(at, random.pick(awkwardNumbers) % 65536, true);
  }
  return bytes;
}

export const name = "hdf5";

export function generate(random) {
  const file = random.pick(files);
  const kind = random.integer(16);
  if (kind === 0) return noise(random);
  if (kind === 1) return file;
  return kind < 12 ? changedStructures(random, file) : mutateBytes(random, file);
}

export function run(bytes) {
  placedLayers(h5Layers(bytes, "case.h5"), "case.h5").place(graph, "network");
}
