import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { placedLayers } from "../../../dist/formats/keras/import.js";
import { readCheckpointIndex, readCheckpointTensors } from "../../../dist/formats/tensorflow/checkpoint.js";
import { checkpointLayers } from "../../../dist/formats/tensorflow/checkpoint_layers.js";
import { maskedCrc32c } from "../../../dist/formats/tensorflow/crc32c.js";
import { buildModel } from "../../../dist/zoo/index.js";
import { join, mutateBytes, noise } from "../mutate.mjs";

const folder = fileURLToPath(new URL("../../../test/golden/keras/", import.meta.url));
const { cases } = JSON.parse(readFileSync(`${folder}cases.json`, "utf8"));
const files = ["svdf", "gru", "lstm", "crnn_ckpt-1", "svdf_resnet"].map((file) => ({
  index: new Uint8Array(readFileSync(`${folder}${file}.index`)),
  shard: new Uint8Array(readFileSync(`${folder}${file}.data-00000-of-00001`)),
}));

function networkOf(name) {
  const { network, options, frames, features, labels } = cases.find((one) => one.name === name);
  return buildModel(`kws_streaming/${network}`, options, { frames, features, labels });
}

const graphs = ["svdf", "gru"].map(networkOf);

/** Index and data as one: the length of the index before them. */
function together({ index, shard }) {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, index.length, true);
  return join(length, index, shard);
}

/** The index with another byte in a block, and the checksum that fits. */
function changedBlock(random, index) {
  const bytes = index.slice();
  const view = new DataView(bytes.buffer);
  // One block of entries from the start on; its length is where its checksum begins to fit.
  const sizes = blockSizes(bytes, view);
  if (sizes.length === 0) return mutateBytes(random, bytes);
  const { at, size } = random.pick(sizes);
  const changed = mutateBytes(random, bytes.subarray(at, at + size)).subarray(0, size);
  bytes.set(changed, at);
  view.setUint32(at + size + 1, maskedCrc32c(bytes.subarray(at, at + size + 1)), true);
  return bytes;
}

const known = new Map();

/** Blocks of an index: found once by trying every length. */
function blockSizes(bytes, view) {
  const key = bytes.length;
  const found = known.get(key);
  if (found) return found;
  const blocks = [];
  for (let at = 0; at < bytes.length - 48; ) {
    let size = 4;
    while (
      at + size + 5 <= bytes.length &&
      view.getUint32(at + size + 1, true) !== maskedCrc32c(bytes.subarray(at, at + size + 1))
    )
      size++;
    if (at + size + 5 > bytes.length) break;
    blocks.push({ at, size });
    at += size + 5;
  }
  known.set(key, blocks);
  return blocks;
}

export const name = "checkpoint";

export function generate(random) {
  const file = random.pick(files);
  const kind = random.integer(16);
  if (kind === 0) return noise(random);
  if (kind <= 2) return together(file);
  if (kind < 10) return together({ ...file, index: changedBlock(random, file.index) });
  if (kind < 12) return together({ ...file, shard: mutateBytes(random, file.shard) });
  return mutateBytes(random, together(file));
}

export function run(bytes) {
  const length = bytes.length < 4 ? 0 : new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  const index = readCheckpointIndex(bytes.subarray(4, 4 + length), "case.index");
  const shards = Array.from({ length: index.shards }, () => bytes.subarray(4 + length));
  const names = shards.map((_, i) => `case.data-${i}`);
  const placed = placedLayers(checkpointLayers(readCheckpointTensors(index, shards, names)), "case.index");
  placed.place(graphs[placed.labels % graphs.length], "network");
}
