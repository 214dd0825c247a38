import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRowArchive, readRowSet, RowSetWriter } from "../../../dist/corpus/row_set.js";
import { awkwardNumbers, mutateBytes, noise } from "../mutate.mjs";

const folder = mkdtempSync(join(tmpdir(), "earshot-fuzz-npz-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, "case.npz");

/** A data set of some rows. */
function valid(random) {
  const [window, bins] = [1 + random.integer(4), 1 + random.integer(4)];
  const classes = ["yes", "größer", "\u{1f600}"].slice(0, 1 + random.integer(3));
  const description = { rate: 16_000, hop: 160, bins, window, shift: window, classes };
  const writer = new RowSetWriter(path, { ...description, frontend: random.pick([null, { kind: "ell" }]) });
  for (let i = random.integer(5); i >= 0; i--) writer.append(random.pick(classes), new Float32Array(window * bins).fill(i));
  writer.close();
  return new Uint8Array(readFileSync(path));
}

/** A data set with a number of its directory, headers or sizes changed. */
function renumbered(random) {
  const bytes = valid(random);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const starts = [];
  for (let at = 0; at + 4 < bytes.length; at++) if (bytes[at] === 0x50 && bytes[at + 1] === 0x4b) starts.push(at);
  const at = random.pick(starts) + 4 + random.integer(42);
  const value = random.pick(awkwardNumbers) >>> 0;
  if (at + 4 <= bytes.length) view.setUint32(at, value, true);
  return bytes;
}

export const name = "npz";

export function generate(random) {
  const kind = random.integer(16);
  if (kind === 0) return noise(random);
  if (kind < 7) return renumbered(random);
  return kind === 7 ? valid(random) : mutateBytes(random, valid(random));
}

export function run(bytes) {
  writeFileSync(path, bytes);
  readRowSet(path);
  const archive = openRowArchive(path);
  try {
    archive.read(0, new Float32Array(archive.itemLength));
  } finally {
    archive.close();
  }
}
