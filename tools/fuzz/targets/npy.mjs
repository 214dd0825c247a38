import { decodeNpy, encodeNpy, npyArrays, parseNpyHeader } from "../../../dist/formats/npy.js";
import { awkwardNumbers, encode, join, mutateBytes, noise } from "../mutate.mjs";

const types = Object.keys(npyArrays);

function valid(random) {
  const type = random.pick(types);
  const shape = Array.from({ length: random.integer(4) }, () => random.integer(6));
  return encodeNpy(type, shape, new npyArrays[type](shape.reduce((product, n) => product * n, 1)));
}

/** A file with a header of drawn words. */
function written(random) {
  const size = () => random.pick(["3", "0", "-1", "2L", "1e9", "99999999999999999999", ...awkwardNumbers.map(String)]);
  const shape = Array.from({ length: random.pick([0, 1, 2, 3, 33]) }, size).join(random.pick([", ", ",", " "]));
  const descr = random.pick(["<f4", ">f4", "|u1", "<f8", "|O", "<U9999999", "<i8", "<c8", "<M8[ns]", "f4", ""]);
  const order = random.pick(["False", "True", "0", "None"]);
  const header = random.pick([
    `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${shape}), }`,
    `{'shape': (${shape}), "descr": "${descr}", 'fortran_order': ${order}}`,
    `{'descr': [('a', '${descr}')], 'fortran_order': ${order}, 'shape': (${shape})}`,
    `${"{".repeat(random.integer(30000))}${" ".repeat(random.integer(30000))}`,
    `{'descr': '${descr}', ${"'a': 'b', ".repeat(random.integer(3000))}'shape': (${shape})}`,
  ]);
  const version = random.pick([1, 1, 2, 3, 0, 4]);
  const length = random.integer(8) === 0 ? random.pick(awkwardNumbers) : header.length;
  const head = version === 1 ? new Uint8Array(2) : new Uint8Array(4);
  for (let i = 0; i < head.length; i++) head[i] = length / 256 ** i;
  return join([0x93], encode("NUMPY"), [version, 0], head, encode(header), noise(random, 200));
}

export const name = "npy";

export function generate(random) {
  const kind = random.integer(16);
  if (kind === 0) return noise(random);
  if (kind < 7) return written(random);
  return kind === 7 ? valid(random) : mutateBytes(random, valid(random));
}

export function run(bytes) {
  const { data } = decodeNpy(bytes, "case.npy");
  // As an archive reads it: the header from the first bytes alone, the size from the system.
  parseNpyHeader(bytes.subarray(0, 128 + bytes.length - data.byteLength), "case.npy", bytes.length);
}
