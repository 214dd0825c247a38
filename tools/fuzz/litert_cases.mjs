// The work of litert.mjs: prints one JSON line a case, before and after LiteRT has it.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../dist/base/errors.js";
import { hashText, RandomStream } from "../../dist/base/random.js";
import { openLiteRt } from "../../dist/formats/litert.js";
import { readTflite } from "../../dist/formats/tflite/read/read.js";
import { openNetwork } from "../../dist/formats/tflite/read/runner.js";
import { sizeOf } from "../../dist/graph/types.js";
import { bytesOf } from "./case.mjs";
import * as target from "./targets/tflite.mjs";

/** Elements of all values of a graph that is still run. */
const mostElements = 1 << 20;
const arrays = { float32: Float32Array, int32: Int32Array, uint8: Uint8Array, int8: Int8Array, int16: Int16Array };

const [seed, first, last] = process.argv.slice(2, 5).map(Number);
const [keep = ""] = process.argv.slice(5);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

function elementsOf({ nodes, inputs }) {
  return (
    nodes.reduce(
      (sum, node) =>
        sum + node.outputs.reduce((n, { type }) => n + sizeOf(type.shape), 0) + (node.body ? elementsOf(node.body) : 0),
      0,
    ) + inputs.reduce((n, { value }) => n + sizeOf(value.type.shape), 0)
  );
}

function drawn(random, { shape, dtype }) {
  const values = new arrays[dtype](sizeOf(shape));
  for (let i = 0; i < values.length; i++)
    values[i] = dtype === "float32" ? 2 * random.normal() : random.integer(256) - (dtype === "uint8" ? 0 : 128);
  return values;
}

/** Whether a network computes with integers: its scores come in steps, and LiteRT's kernels round otherwise. */
const hasIntegers = ({ nodes }) => nodes.some(({ outputs }) => outputs.some(({ type }) => type.dtype === "i8"));

/**
 * "equal", "near" or "other".
 * @param allowedFloat how far floats may be off
 */
function compared(ours, theirs, allowedFloat) {
  let outcome = "equal";
  for (const [k, values] of ours.entries()) {
    const others = theirs[k];
    if (others === undefined || values.length !== others.length) return "other";
    for (let i = 0; i < values.length; i++) {
      const [a, b] = [values[i], others[i]];
      if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
      const allowed = values instanceof Float32Array ? allowedFloat * Math.max(1, Math.abs(a)) : 2;
      if (!(Math.abs(a - b) <= allowed)) return "other";
      outcome = "near";
    }
  }
  return outcome;
}

async function runOurs(network, inputs) {
  const ours = await openNetwork(network, { target: "oracle" });
  try {
    return ours.run(inputs);
  } finally {
    ours.close();
  }
}

const reasonOf = (error) =>
  error.message
    .replace(/^case\.tflite: /, "")
    .replaceAll(/\s+/g, " ")
    .slice(0, 160);

/** Not-a-numbers and infinities are no JSON: they are kept as texts. */
const asJson = (tensors) =>
  tensors.map((values) => Array.from(values, (x) => (Number.isFinite(Number(x)) ? Number(x) : String(x))));

/** Leaves a case for litert_reference.py. */
function keepCase(number, bytes, { inputs, ours, liteRtJs, allowedFloat }) {
  writeFileSync(join(keep, `${number}.tflite`), bytes);
  const tensors = { inputs: asJson(inputs), ours: asJson(ours), liteRtJs: asJson(liteRtJs) };
  writeFileSync(join(keep, `${number}.json`), JSON.stringify({ allowedFloat, ...tensors }));
}

/** WebAssembly's own faults: what runs in this process after one of them says nothing. */
const isTrap = (error) => /out of bounds|unreachable|function signature mismatch|table index/.test(error.message);

/** @returns what became of a case that our reader accepts */
async function outcomeOf(number, network, bytes, random) {
  let theirs;
  try {
    theirs = await openLiteRt(bytes, "case.tflite");
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { outcome: isTrap(error) ? "trapped" : "refused", note: reasonOf(error) };
  }
  try {
    if (elementsOf(network.graph) > mostElements) return { outcome: "large" };
    const inputs = theirs.inputs.map((input) => drawn(random, input));
    let results;
    try {
      results = await theirs.run(inputs);
    } catch (error) {
      return { outcome: isTrap(error) ? "trapped" : "notRun", note: reasonOf(error) };
    }
    const made = await runOurs(network, inputs);
    const allowedFloat = hasIntegers(network.graph) ? 0.02 : 0.001;
    const outcome = compared(made, results, allowedFloat);
    if (outcome === "other" && keep !== "") keepCase(number, bytes, { inputs, allowedFloat, ours: made, liteRtJs: results });
    return outcome === "other"
      ? { outcome, note: `${Array.from(made[0].slice(0, 4))} here, ${Array.from(results[0].slice(0, 4))} there` }
      : { outcome };
  } finally {
    theirs.close();
  }
}

await target.prepare();
for (let number = first; number < last; number++) {
  const bytes = bytesOf(target, seed, number);
  let network;
  try {
    network = readTflite(bytes, "case.tflite");
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    continue;
  }
  say({ number, outcome: "begins" });
  const found = await outcomeOf(number, network, bytes, new RandomStream(seed, hashText("litert"), number));
  say({ number, ...found });
  if (found.outcome === "trapped") process.exit(3);
}
