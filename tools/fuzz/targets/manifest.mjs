import { parseArchiveIndex } from "../../../dist/corpus/archive_index.js";
import { parseManifest } from "../../../dist/corpus/manifest.js";
import { awkwardTexts, encode, jsonText, mutateBytes, mutateValue, noise } from "../mutate.mjs";

function line(random) {
  const entry = {
    path: `${random.integer(100)}.wav`,
    label: random.pick(["yes", "no"]),
    speaker: "ann",
    split: "training",
    start: 0.5,
    end: 1.5,
  };
  return jsonText(random, random.integer(4) === 0 ? mutateValue(random, entry) : entry);
}

function manifest(random) {
  const count = random.integer(64) === 0 ? random.integer(5000) : random.integer(6);
  return Array.from({ length: count }, () => line(random)).join(random.pick(["\n", "\r\n", "\n\n", "\r"]));
}

/** The other list of a data set: the index of a feature archive. */
function index(random) {
  const field = () => random.pick(["0", "1", "yes", "training", 'a"b', '"', '"a,b"', '"a""', ...awkwardTexts]);
  const head = random.pick([
    "index,word,name,split",
    "split,name,word,index",
    "index,word,name",
    ",,,",
    "index,index,index,index",
  ]);
  const lines = Array.from({ length: random.integer(6) }, (_, i) =>
    random.integer(2) === 0 ? `${i},yes,a_${i},training` : Array.from({ length: random.integer(6) }, field).join(","),
  );
  return [head, ...lines].join("\n");
}

export const name = "manifest";

export function generate(random) {
  const kind = random.integer(16);
  if (kind === 0) return noise(random);
  if (kind < 4) return encode(index(random));
  if (kind === 4)
    return encode(random.pick(["[", '{"path":', '{"path":"a","label":"b",', "\n", '"', "\\"]).repeat(random.integer(40_000)));
  return kind < 10 ? encode(manifest(random)) : mutateBytes(random, encode(manifest(random)));
}

/** A list that begins like a table is a manifest; anything else may be either. */
export function run(bytes) {
  const text = new TextDecoder().decode(bytes);
  if (text.startsWith("{")) return parseManifest(text, "case.jsonl");
  try {
    return parseArchiveIndex(text, "case.csv", 1000);
  } finally {
    if (!text.startsWith("index")) parseManifest(text, "case.jsonl");
  }
}
