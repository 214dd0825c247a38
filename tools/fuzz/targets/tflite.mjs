import { RandomStream } from "../../../dist/base/random.js";
import { exportTflite } from "../../../dist/formats/tflite/export.js";
import { readTflite } from "../../../dist/formats/tflite/read/read.js";
import { buildFrontend, describeFrontend } from "../../../dist/frontend/frontend.js";
import { initializeParameters } from "../../../dist/graph/initialize.js";
import { calibrate } from "../../../dist/measure/calibrate.js";
import { prepareForQuantization, quantizeGraph } from "../../../dist/passes/quantize.js";
import { buildModel } from "../../../dist/zoo/index.js";
import { awkwardNumbers, mutateBytes, noise } from "../mutate.mjs";

const description = describeFrontend({ kind: "mfcc_op", windowMs: 40, strideMs: 20, upperHertz: 4000, dctCoefficients: 6 });
const sound = { samples: 2560, rate: 16000 };
const frontend = buildFrontend(description, sound);
const [, frames, features] = frontend.outputs[0].value.type.shape;
const labels = ["a", "b", "c"];

function small(name, options) {
  const graph = buildModel(name, options, { frames, features, labels: labels.length });
  const parameters = initializeParameters(graph, 5);
  return { graph, frontend, frontendDescription: description, labels, parameters, training: {}, licence: "" };
}

async function integers(model, options) {
  const random = new RandomStream(1);
  const clips = Float32Array.from({ length: 16 * frames * features }, () => 4 * random.normal());
  const ready = prepareForQuantization(model);
  const quantized = quantizeGraph(ready, await calibrate(ready, clips, "minmax", "oracle"), options);
  return { ...model, graph: quantized.graph, parameters: quantized.parameters };
}

async function written() {
  const dsCnn = small("hello_edge/ds_cnn", { modelSizeInfo: [2, 4, 3, 3, 2, 2, 4, 3, 3, 1, 1] });
  const gru = small("hello_edge/gru", { modelSizeInfo: [1, 4] });
  const svdf = small("svdf", {
    svdfMemorySize: [3, 2],
    svdfUnits1: [5, 5],
    svdfAct: ["relu", "relu"],
    svdfUnits2: [4, -1],
    svdfDropout: [0, 0],
  });
  const models = [dsCnn, gru, svdf, await integers(dsCnn, { io: "int8" }), await integers(svdf, { io: "float" })];
  const files = models.map((model) => exportTflite(model, { features: "none" }));
  files.push(exportTflite(dsCnn, { features: "builtin" }), exportTflite(dsCnn, { features: "op" }));
  files.push(exportTflite(svdf, { features: "none", stream: { form: "context" } }));
  const integer = await integers(svdf, { io: "int8" });
  files.push(exportTflite(integer, { features: "none", stream: { form: "context" } }));
  // States in resource variables, and steps that the file counts itself.
  for (const model of [dsCnn, integer])
    files.push(exportTflite(model, { features: "none", stream: { form: "context" }, states: "resource" }));
  return files;
}

let files = [];

/** Writes the files that are changed; to read a case, they are not needed. */
export async function prepare() {
  files = await written();
}

/** Offsets, sizes, codes: small numbers at multiples of four and two. */
function changedNumbers(random, file) {
  const bytes = file.slice();
  const view = new DataView(bytes.buffer);
  for (let i = 1 + random.integer(4); i > 0; i--) {
    for (let tries = 0; tries < 50; tries++) {
      const at = 4 * random.integer(Math.floor(bytes.length / 4));
      const value = view.getUint32(at, true);
      if (value >= bytes.length && value < 2 ** 32 - bytes.length) continue;
      const what = random.integer(6);
      if (what === 0) view.setUint32(at, random.pick(awkwardNumbers), true);
      else if (what === 1) view.setUint32(at, value + random.pick([-4, -2, -1, 1, 2, 4, 8]), true);
      else if (what === 2) view.setUint16(at + 2 * random.integer(2), random.pick([0, 4, 6, 8, 12, 16, 20, 65535]), true);
      else if (what === 3) view.setUint32(at, view.getUint32(4 * random.integer(Math.floor(bytes.length / 4)), true), true);
      else if (what === 4) bytes[at + random.integer(4)] = random.pick([0, 1, 2, 3, 4, 9, 17, 127, 128, 255]);
      else view.setUint32(at, random.integer(40), true);
      break;
    }
  }
  return bytes;
}

export const name = "tflite";

export function generate(random) {
  const file = random.pick(files);
  const kind = random.integer(32);
  if (kind === 0) return noise(random);
  if (kind <= 2) return file;
  return kind < 24 ? changedNumbers(random, file) : mutateBytes(random, file);
}

export function run(bytes) {
  readTflite(bytes, "case.tflite");
}
