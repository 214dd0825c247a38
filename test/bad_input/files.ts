import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { encodeNpy } from "../../src/formats/npy.js";
import { findShippedModel } from "../../src/formats/shipped.js";
import { loadModel, writeModel } from "../../src/formats/model_file.js";
import { parseSafetensors, type Safetensors, writeSafetensors } from "../../src/formats/safetensors.js";
import { encodeWav } from "../../src/signal/wav.js";
import { writeTensorflowFiles } from "./tensorflow_files.js";
import { writeWeights } from "./weight_files.js";

export type Write = (name: string, content: string | Uint8Array) => void;

/** Writes the bad files of every kind into a folder. */
export async function writeBadFiles(root: string): Promise<void> {
  const write: Write = (name, content) => {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  };
  writeSounds(root, write);
  writeDataSets(write);
  writeManifests(write);
  writeArchives(write);
  writeRecipes(write);
  await writeModels(write);
  writeWeights(write);
  writeTensorflowFiles(write);
  writeRuns(write);
}

/** One second of a tone, 16 kHz. */
function tone(): Uint8Array {
  return encodeWav({ samples: Float32Array.from({ length: 16000 }, (_, i) => 0.3 * Math.sin(i / 10)), sampleRate: 16_000 });
}

/** A copy of bytes with some of them set from `at` on. */
function patched(bytes: Uint8Array, at: number, ...values: number[]): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy.set(values, at);
  return copy;
}

function writeSounds(root: string, write: Write): void {
  const good = tone();
  const text = (value: string) => new TextEncoder().encode(value);
  const sounds: Record<string, Uint8Array | string> = {
    "empty.wav": "",
    "cut_header.wav": good.subarray(0, 30),
    "no_samples.wav": patched(good, 40, 0, 0, 0, 0).subarray(0, 44),
    "no_data_chunk.wav": good.subarray(0, 36),
    "no_format_chunk.wav": patched(good, 12, ...text("junk")),
    "text.wav": "this is no sound\n",
    "mp3.wav": Uint8Array.of(0xff, 0xfb, 0x90, 0x64, ...new Uint8Array(64)),
    "big_endian.wav": patched(good, 0, ...text("RIFX")),
    "zero_hertz.wav": patched(good, 24, 0, 0, 0, 0),
    "four_gigahertz.wav": patched(good, 24, 255, 255, 255, 255),
    "no_channels.wav": patched(good, 22, 0, 0),
    "many_channels.wav": patched(good, 22, 255, 255),
    "mu_law.wav": patched(good, 20, 7, 0),
    "odd_bits.wav": patched(good, 32, 7, 0, 51, 0),
    "not_finite.wav": notFinite(),
    "cut.flac": flacHead(16_000, 1000).subarray(0, 20),
    "no_frames.flac": flacHead(16_000, 16_000),
    "ten_hours.flac": flacHead(16_000, 576_000_000),
    "swollen.flac": flacHead(768_000, 100_000_000),
    "zero_hertz.flac": flacHead(0, 1000),
    "cut.ogg": Uint8Array.from([...text("OggS"), ...new Uint8Array(22), 1, 19, ...text("OpusHead")]),
  };
  for (const [name, content] of Object.entries(sounds)) write(`sounds/yes/${name}`, content);
  write("empty.wav", "");
  write("good.wav", good);
  writeHours(join(root, "ten_hours.wav"));
}

/** Ten hours of 8 kHz, 8 bits: 288 MB that take no room on the disk. */
function writeHours(path: string): void {
  const head = encodeWav({ samples: new Float32Array(1), sampleRate: 8000 }, { bits: 8 }).slice(0, 44);
  new DataView(head.buffer).setUint32(40, 288_000_000, true);
  const file = openSync(path, "w");
  writeSync(file, head);
  ftruncateSync(file, 44 + 288_000_000);
  closeSync(file);
}

function notFinite(): Uint8Array {
  const bytes = encodeWav({ samples: new Float32Array(100), sampleRate: 16_000 }, { bits: 32, float: true });
  new DataView(bytes.buffer).setFloat32(bytes.length - 40, Number.NaN, true);
  return bytes;
}

/** Signature and STREAMINFO of a mono file of 16 bits. */
function flacHead(rate: number, samples: number): Uint8Array {
  const head = new Uint8Array(42);
  head.set(new TextEncoder().encode("fLaC"));
  head.set([0x80, 0, 0, 34, 16, 0, 16, 0], 4);
  const view = new DataView(head.buffer);
  view.setUint32(18, rate * 4096 + (15 << 4));
  view.setUint32(22, samples);
  return head;
}

function writeDataSets(write: Write): void {
  write("words/yes/a.wav", tone());
  write("words/no/b.wav", tone());
  for (const [name, training, testing] of [
    ["listed_twice", "yes/a.wav\n", "yes/a.wav\n"],
    ["listed_nowhere", "yes/a.wav\n\nyes/gone.wav\n", ""],
    ["listed_badly", "a.wav\n", ""],
  ] as const) {
    write(`${name}/yes/a.wav`, tone());
    write(`${name}/training_list.txt`, training);
    write(`${name}/testing_list.txt`, testing);
  }
  write("nothing/notes.txt", "");
}

function writeManifests(write: Write): void {
  const good = '{"path": "good.wav", "label": "yes"}\n';
  const manifests: Record<string, string> = {
    empty: "\n",
    broken: `${good}{"path": "good.wav", "label": "yes"\n`,
    no_label: `${good}{"path": "good.wav"}\n`,
    no_path: '{"path": 3, "label": "yes"}\n',
    bad_split: '{"path": "good.wav", "label": "yes", "split": "train"}\n',
    backwards: '{"path": "good.wav", "label": "yes", "start": 2, "end": 1}\n',
    lost_sound: '{"path": "gone.wav", "label": "yes"}\n',
    list: '["good.wav", "yes"]\n',
  };
  for (const [name, text] of Object.entries(manifests)) write(`${name}.jsonl`, text);
}

function writeArchives(write: Write): void {
  const good = encodeNpy("f32", [2, 3, 4], new Float32Array(24));
  const header = (text: string) => {
    const bytes = new Uint8Array(128).fill(0x20);
    bytes.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, 118, 0]);
    bytes.set(new TextEncoder().encode(text), 10);
    return bytes;
  };
  const index = "index,word,name,split\n0,yes,a,training\n1,no,b,testing\n";
  const archives: Record<string, [Uint8Array, string | undefined, string?]> = {
    cut: [good.subarray(0, good.length - 10), index],
    no_npy: [new TextEncoder().encode("these are no features"), index],
    absurd: [header("{'descr': '<f4', 'fortran_order': False, 'shape': (4000000000, 4000000000)}"), index],
    objects: [header("{'descr': '|O', 'fortran_order': False, 'shape': (2, 3)}"), index],
    big_endian: [header("{'descr': '>f4', 'fortran_order': False, 'shape': (1, 2)}"), index],
    fortran: [header("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3)}"), index],
    no_index: [good, undefined],
    no_columns: [good, "number,word\n0,yes\n"],
    beyond: [good, `${index}7,yes,c,training\n`],
    twice: [good, `${index}1,yes,c,training\n`],
    bad_split: [good, "index,word,name,split\n0,yes,a,train\n"],
    bad_json: [good, index, '{\n  "scale": 1,\n  "offset": ,\n}\n'],
    zero_scale: [good, index, '{"scale": 0}\n'],
  };
  for (const [name, [features, rows, description]] of Object.entries(archives)) {
    write(`archives/${name}/features.npy`, features);
    if (rows !== undefined) write(`archives/${name}/index.csv`, rows);
    if (description !== undefined) write(`archives/${name}/features.json`, description);
  }
  write("nothing.tar.gz", gzipSync(new Uint8Array(1024)));
  write("cut.tar.gz", gzipSync(new Uint8Array(100_000)).subarray(0, 60));
  write("text.tar.gz", "this is no archive\n");
}

function writeRecipes(write: Write): void {
  const data = [{ kind: "sounds", path: "words" }];
  const recipes: Record<string, unknown> = {
    unknown_field: { data, optimiser: { kind: "adam" } },
    unknown_inside: { data, optimizer: { kind: "sgd", momentun: 0.9 } },
    wrong_type: { data, steps: "many" },
    out_of_range: { data, batch: 0 },
    no_data: { data: [] },
    data_is_text: { data: "words" },
    rates: { data, schedule: { kind: "piecewise", rates: [0.1, 0.01], steps: [100] } },
    list: [],
    unknown_model: { data, model: { name: "ds_cnn_xl" } },
    unknown_option: { data, model: { name: "ds_cnn_s", options: { filter: 3 } } },
    front_end: { data, frontend: { kind: "mfcc_tf", melBand: 40 } },
  };
  for (const [name, value] of Object.entries(recipes)) write(`recipes/${name}.json`, JSON.stringify(value));
  write("recipes/comma.json", '{\n  "steps": 100,\n  "batch": 10,\n}\n');
  write("recipes/twice.json", '{"steps": 100, "batch": 10, "steps": 200}\n');
  write("recipes/deep.json", `{"data": ${"[".repeat(5000)}${"]".repeat(5000)}}`);
  write("recipes/large.json", " ".repeat(1_100_000));
}

/** The content of a shipped model with a part changed; the checksum is left out where the change shall get past it. */
type Change = (content: Safetensors) => void;

async function writeModels(write: Write): Promise<void> {
  const good = writeModel(await loadModel(findShippedModel("ds_cnn_s") as string));
  const bodyStart = 8 + new DataView(good.buffer).getUint32(0, true);
  const changed = (change: Change): Uint8Array => {
    const content = parseSafetensors(good, "model");
    content.metadata.delete("earshot.checksum");
    change(content);
    return writeSafetensors(content);
  };
  const header = (text: string, bodyBytes = 0) => {
    const bytes = new Uint8Array(8 + text.length + bodyBytes);
    bytes.set([text.length & 255, text.length >> 8]);
    bytes.set(new TextEncoder().encode(text), 8);
    return bytes;
  };
  const first = [...parseSafetensors(good, "model").tensors.keys()][0];
  const models: Record<string, Uint8Array | string> = {
    good,
    empty: "",
    text: "this is no model, but a text of some length\n",
    cut_in_header: good.subarray(0, 1000),
    cut_in_weights: good.subarray(0, good.length - 5),
    flipped_weight: patched(good, bodyStart + 5000, good[bodyStart + 5000] ^ 1),
    huge_header: patched(good, 0, 0, 0, 0, 0, 0, 0, 0, 127),
    twice: header(
      '{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "a": {"dtype": "F32", "shape": [], "data_offsets": [0, 4]}}',
      4,
    ),
    absurd_shape: header('{"a": {"dtype": "F32", "shape": [9007199254740991, 4096], "data_offsets": [0, 4]}}', 4),
    beyond: header('{"a": {"dtype": "F32", "shape": [1000], "data_offsets": [0, 4000]}}', 4),
    overlap: header(
      '{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "b": {"dtype": "F32", "shape": [1], "data_offsets": [2, 6]}}',
      6,
    ),
    pickled: header('{"a": {"dtype": "PICKLE", "shape": [1], "data_offsets": [0, 4]}}', 4),
    foreign: header('{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}', 4),
    later: changed(({ metadata }) => metadata.set("earshot.version", "9")),
    wrong_shape: changed(({ tensors }) => tensors.set(first, { type: "F32", shape: [3], data: new Float32Array(3) })),
    missing_tensor: changed(({ tensors }) => tensors.delete(first)),
    few_labels: changed(({ metadata }) => metadata.set("earshot.labels", '["yes", "no"]')),
    broken_graph: changed(({ metadata }) =>
      metadata.set("earshot.graph", (metadata.get("earshot.graph") as string).replace("relu(", "rleu(")),
    ),
    huge_graph: changed(({ metadata }) =>
      metadata.set("earshot.frontend", (metadata.get("earshot.frontend") as string).replace("f32[1,16000]", "f32[1,2000000000]")),
    ),
  };
  for (const [name, bytes] of Object.entries(models)) write(`models/${name}.safetensors`, bytes);
  write("models/text.tflite", "this is no model, but a text of some length\n");
}

function writeRuns(write: Write): void {
  write("runs/no_run/notes.txt", "");
  write("runs/bad_evaluation/evaluation.json", "{}");
  write("runs/cut_evaluation/evaluation.json", '{"model": ');
  write("runs/bad_log/metrics.jsonl", '{"step": 1, "loss": 2}\n{"step": "two"}\n');
}

/** The bytes of a file of the folder. */
export function contentOf(root: string, name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(root, name)));
}
