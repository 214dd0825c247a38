import { readFileSync } from "node:fs";
import { parseStateDict } from "../../../dist/formats/pytorch/read.js";
import { writeStateDict } from "../../../dist/formats/pytorch/write.js";
import { readZip, writeZip } from "../../../dist/formats/zip.js";
import { awkwardNumbers, encode, join, mutateBytes, noise } from "../mutate.mjs";

const golden = (name) => new Uint8Array(readFileSync(new URL(`../../../test/golden/pytorch/${name}`, import.meta.url)));
const known = new Map();

/** A file that PyTorch has written, read once. */
function saved(name) {
  if (!known.has(name)) known.set(name, golden(name));
  return known.get(name);
}

/** A state dict of a few tensors as earshot writes it. */
function written(random) {
  const tensors = new Map();
  for (let i = random.integer(5); i >= 0; i--) {
    const shape = Array.from({ length: random.integer(4) }, () => random.integer(5));
    const count = shape.reduce((product, n) => product * n, 1);
    const [type, kind] = random.pick([
      ["F32", Float32Array],
      ["I64", BigInt64Array],
      ["F16", Uint16Array],
      ["BOOL", Uint8Array],
    ]);
    tensors.set(`layer${i}.weight`, { type, shape, data: new kind(count) });
  }
  return writeStateDict(tensors, "case");
}

/** A ZIP file with its pickle changed and the checksums right, so that the change reaches the reader of pickles. */
function changedPickle(random, bytes) {
  const files = [...readZip(bytes, "case").values()].map((entry) => ({
    name: entry.name,
    bytes: entry.name.endsWith("data.pkl") ? mutatePickle(random, entry.bytes) : entry.bytes,
  }));
  return writeZip(files, random.pick([1, 64]));
}

const opcodes = encode(
  "(.0122NJKMG)]}aestudhjqrcRbQBCXTUI\x80\x81\x82\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x90\x93\x94\x95",
);

/** Bytes changed, opcodes exchanged for others, or pieces repeated. */
function mutatePickle(random, bytes) {
  const kind = random.integer(3);
  if (kind === 0) return mutateBytes(random, bytes);
  const changed = bytes.slice();
  for (let i = random.integer(4); i >= 0; i--) changed[random.integer(changed.length)] = random.pick(opcodes);
  if (kind === 1) return changed;
  const from = random.integer(bytes.length);
  const piece = bytes.subarray(from, from + random.integer(200));
  return join(bytes.subarray(0, from), ...Array.from({ length: random.integer(100) }, () => piece), bytes.subarray(from));
}

const tensorCall = (storage, shape, strides) =>
  join(
    encode("ctorch._utils\n_rebuild_tensor_v2\n(("),
    text("storage"),
    encode(`ctorch\n${storage}\n`),
    text("0"),
    text("cpu"),
    whole(4),
    encode("tQ"),
    whole(0),
    tuple(shape),
    tuple(strides),
    [0x89],
    encode("ccollections\nOrderedDict\n)RtR"),
  );

function text(value) {
  const bytes = encode(value);
  return join([0x58, bytes.length, 0, 0, 0], bytes);
}

function whole(value) {
  const bytes = new Uint8Array(10);
  bytes.set([0x8a, 8]);
  new DataView(bytes.buffer).setBigInt64(2, BigInt(Math.trunc(value)), true);
  return bytes;
}

const tuple = (values) => join(encode("("), ...values.map(whole), encode("t"));

/** A state dict whose one tensor claims awkward sizes. */
function claimed(random) {
  const number = () => random.pick([1, 2, 4, 4, -1, 2 ** 53, ...awkwardNumbers]);
  const axes = random.pick([0, 1, 2, 3, 33]);
  const numbers = () => Array.from({ length: axes }, number);
  const storage = random.pick(["FloatStorage", "DoubleStorage", "UntypedStorage", "LongStorage", "BoolStorage", "QInt8Storage"]);
  return join([0x80, 2], encode("}("), text("a"), tensorCall(storage, numbers(), numbers()), encode("u."));
}

/** Very many of one thing: marks, lists, tables, values from the memo, lists in each other. */
function swollen(random) {
  const piece = random.pick([
    "(",
    "]",
    "}",
    ")",
    "2",
    "N\x94",
    "]q\x00h\x00a",
    "(h\x00h\x00t\x94",
    "]r\x00\x00\x00\x01",
    "c__torch__.A\na\n)\x81",
    "}\x94(X\x01\x00\x00\x00ah\x00X\x01\x00\x00\x00bh\x00u",
  ]);
  const start = random.pick(["", "N\x94", "]\x94", "}\x94"]);
  const bytes = Uint8Array.from(`${start}${piece.repeat(random.integer((1 << 17) / piece.length))}`, (c) => c.charCodeAt(0));
  return join([0x80, 2], bytes, encode(random.pick([".", "", "b.", "R."])));
}

/** A ZIP archive with a pickle and one storage. */
function archive(random, pickle) {
  const order = random.pick(["little", "big", ""]);
  return writeZip([
    { name: "a/data.pkl", bytes: pickle },
    ...(order === "" ? [] : [{ name: "a/byteorder", bytes: encode(order) }]),
    { name: "a/data/0", bytes: new Uint8Array(16) },
  ]);
}

/** A single stream with a pickle for its object. */
function stream(pickle) {
  const head = saved("odd_stream.pth").subarray(0, 16);
  return join(head.subarray(0, 15), [0x80, 2, 0x4d, 0xe9, 3, 0x2e, 0x80, 2], encode("}."), pickle, [0x80, 2], encode("]."));
}

export const name = "pytorch";

export function generate(random) {
  const kind = random.integer(16);
  if (kind === 0) return noise(random);
  if (kind < 3) return mutateBytes(random, saved(random.pick(["odd_zip.pth", "odd_stream.pth", "resnet_checkpoint.pth"])));
  if (kind < 5) return mutateBytes(random, written(random));
  if (kind === 5) return written(random);
  if (kind < 9) return changedPickle(random, random.integer(4) === 0 ? saved("resnet_script.pt") : written(random));
  const pickle = random.integer(2) === 0 ? claimed(random) : swollen(random);
  const changed = random.integer(2) === 0 ? mutatePickle(random, pickle) : pickle;
  return random.integer(2) === 0 ? archive(random, changed) : stream(changed);
}

export function run(bytes) {
  parseStateDict(bytes, "case.pth");
}
