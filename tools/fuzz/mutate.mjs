// Mutations that know nothing of a format: bits, bytes, numbers, pieces. Each target adds those that know its own.

/** Numbers at which readers break: ends of ranges, signs, sizes that wrap. */
export const awkwardNumbers = [
  0,
  1,
  2,
  7,
  8,
  15,
  16,
  63,
  64,
  127,
  128,
  255,
  256,
  32767,
  32768,
  65535,
  65536,
  768_000,
  768_001,
  2 ** 24,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
];

const byteMutations = [flipBit, setByte, setNumber, cut, drop, repeat, insert, exchange];

/** A changed copy of `bytes`: one to eight mutations. */
export function mutateBytes(random, bytes) {
  let result = bytes.slice();
  const times = 1 + random.integer(random.integer(4) === 0 ? 8 : 2);
  for (let i = 0; i < times; i++) result = random.pick(byteMutations)(random, result);
  return result;
}

/** Bytes without any form, up to `most` of them. */
export function noise(random, most = 512) {
  const bytes = new Uint8Array(random.integer(most));
  for (let i = 0; i < bytes.length; i++) bytes[i] = random.bits();
  return bytes;
}

function flipBit(random, bytes) {
  if (bytes.length > 0) bytes[place(random, bytes.length)] ^= 1 << random.integer(8);
  return bytes;
}

function setByte(random, bytes) {
  if (bytes.length > 0) bytes[place(random, bytes.length)] = random.pick([0, 1, 127, 128, 255, random.integer(256)]);
  return bytes;
}

function setNumber(random, bytes) {
  if (bytes.length < 4) return bytes;
  const view = new DataView(bytes.buffer);
  const at = place(random, bytes.length - 3);
  if (random.integer(2) === 0) view.setUint16(at, random.pick(awkwardNumbers), random.integer(2) === 0);
  else view.setUint32(at, random.pick(awkwardNumbers), random.integer(2) === 0);
  return bytes;
}

function cut(random, bytes) {
  return bytes.slice(0, random.integer(bytes.length + 1));
}

function drop(random, bytes) {
  const from = place(random, bytes.length + 1);
  const to = Math.min(bytes.length, from + 1 + random.integer(16));
  return join(bytes.subarray(0, from), bytes.subarray(to));
}

function repeat(random, bytes) {
  const from = place(random, bytes.length + 1);
  const piece = bytes.subarray(from, from + 1 + random.integer(64));
  return join(bytes.subarray(0, from), ...Array.from({ length: 1 + random.integer(8) }, () => piece), bytes.subarray(from));
}

function insert(random, bytes) {
  const at = place(random, bytes.length + 1);
  return join(bytes.subarray(0, at), noise(random, 16), bytes.subarray(at));
}

function exchange(random, bytes) {
  const [a, b, c] = [0, 1, 2].map(() => random.integer(bytes.length + 1)).toSorted((x, y) => x - y);
  return join(bytes.subarray(0, a), bytes.subarray(b, c), bytes.subarray(a, b), bytes.subarray(c));
}

/** A place in [0, length), in every second case near the start: headers are there. */
function place(random, length) {
  return random.integer(random.integer(2) === 0 ? Math.min(length, 64) : length);
}

/** One array of the pieces. */
export function join(...pieces) {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** The bytes of a text. */
export function encode(text) {
  return new TextEncoder().encode(text);
}

/** Texts at which parsers of names and numbers break. */
export const awkwardTexts = [
  "",
  " ",
  "\0",
  "\uFEFF",
  "\uD800",
  "ÿ",
  "ﬀ",
  "..",
  "/",
  "-",
  "--",
  "-1",
  "1e999",
  "NaN",
  "Infinity",
  "0x10",
  "1.5",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "a".repeat(5000),
  "\u202E",
  "\x1b[2J",
  "%s%n",
  "'",
  '"',
  ",",
  "=",
  "null",
  "[]",
  "{}",
];

/** A value that a schema may not expect: `depth` bounds its nesting. */
export function anyValue(random, depth = 2) {
  const kind = random.integer(depth > 0 ? 9 : 6);
  if (kind === 0) return null;
  if (kind === 1) return random.integer(2) === 0;
  if (kind === 2) return random.pick(awkwardNumbers) * random.pick([1, -1, 0.5, 1e-300, 1e300]);
  if (kind === 3) return random.integer(1000);
  if (kind <= 5) return random.pick(awkwardTexts);
  if (kind === 6) return Array.from({ length: random.integer(5) }, () => anyValue(random, depth - 1));
  if (kind === 7) return Object.fromEntries([[random.pick(awkwardTexts), anyValue(random, depth - 1)]]);
  return nested(random.pick([10, 90, 110, 1000]), random.integer(2) === 0);
}

function nested(depth, list) {
  let value = 0;
  for (let i = 0; i < depth; i++) value = list ? [value] : { a: value };
  return value;
}

/** A changed copy of a JSON value: somewhere in it something else stands, is missing or is added. */
export function mutateValue(random, value) {
  const copy = structuredClone(value);
  const times = 1 + random.integer(3);
  for (let i = 0; i < times; i++) mutateInside(random, copy);
  return copy;
}

function mutateInside(random, value) {
  let table = value;
  for (;;) {
    const keys = Object.keys(table);
    if (keys.length === 0) return;
    const key = random.pick(keys);
    if (typeof table[key] === "object" && table[key] !== null && random.integer(3) > 0) {
      table = table[key];
      continue;
    }
    const what = random.integer(5);
    if (what === 0) delete table[key];
    else if (what === 1) Object.defineProperty(table, misspell(random, key), own(anyValue(random)));
    else if (what === 2 && typeof table[key] === "number") table[key] *= random.pick([-1, 0, 1000, 1e12, 0.37]);
    else Object.defineProperty(table, key, own(anyValue(random)));
    return;
  }
}

/** As a property of its own: assigning to __proto__ would change the prototype instead. */
const own = (value) => ({ value, enumerable: true, writable: true, configurable: true });

/** A name with a letter exchanged, dropped or doubled. */
export function misspell(random, name) {
  if (name === "") return random.pick(awkwardTexts);
  const at = random.integer(name.length);
  const middle = random.pick(["", name[at] + name[at], "x"]);
  return name.slice(0, at) + middle + name.slice(at + 1);
}

/** The text of a value, in one of eight cases with a key of the outermost table twice. */
export function jsonText(random, value) {
  const text = JSON.stringify(value) ?? "";
  if (random.integer(8) > 0) return text;
  return text.replace(/\{("[^"]*":)/, (all, key) => `{${key}1,${all.slice(1)}`);
}
