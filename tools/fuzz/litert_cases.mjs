// The work of litert.mjs: prints one JSON line a case, before and after LiteRT has it.
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

const [seed, first, last] = process.argv.slice(2).map(Number);
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

/** @returns what became of a case that our reader accepts */
async function outcomeOf(network, bytes, random) {
  let theirs;
  try {
    theirs = await openLiteRt(bytes, "case.tflite");
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { outcome: "refused", note: error.message.slice(0, 200) };
  }
  try {
    if (elementsOf(network.graph) > mostElements) return { outcome: "large" };
    const inputs = theirs.inputs.map((input) => drawn(random, input));
    let results;
    try {
      results = await theirs.run(inputs);
    } catch (error) {
      return { outcome: "notRun", note: String(error.message).slice(0, 200) };
    }
    const made = await runOurs(network, inputs);
    const outcome = compared(made, results, hasIntegers(network.graph) ? 0.02 : 0.001);
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
  say({ number, ...(await outcomeOf(network, bytes, new RandomStream(seed, hashText("litert"), number))) });
}
