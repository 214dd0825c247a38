import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseSafetensors, type Safetensors, writeSafetensors } from "../../src/formats/safetensors.js";
import { type Checkpoint, loadNewestCheckpoint, saveCheckpoint } from "../../src/train/checkpoint.js";

const run = mkdtempSync(join(tmpdir(), "earshot-bad-checkpoint-"));
afterAll(() => rmSync(run, { recursive: true }));

/** A checkpoint of a training with one parameter. */
function checkpointAt(step: number): Checkpoint {
  const state = {
    step,
    bestAccuracy: -1,
    bestLoss: null,
    bestStep: 0,
    worse: 0,
    lossSum: 0,
    correct: 0,
    examples: 0,
    summedSteps: 0,
  } as Checkpoint["state"];
  const origin = { machine: "m", target: "wasm", threads: 1, version: "0", node: "v20", data: "d" };
  return { state, origin, recipe: {}, tensors: new Map([["kernel", Float32Array.of(step, 2, 3)]]), best: undefined };
}

/** The file with its content changed. */
function changed(bytes: Uint8Array, change: (content: Safetensors) => void): Uint8Array {
  const content = parseSafetensors(bytes, "checkpoint");
  change(content);
  return writeSafetensors(content);
}

function flipped(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[copy.length - 2] ^= 4;
  return copy;
}

const damages: readonly [what: string, damage: (bytes: Uint8Array) => Uint8Array, why: RegExp][] = [
  ["is empty", () => new Uint8Array(0), /byte 0: the file has only 0 bytes; /],
  ["is cut in its header", (b) => b.subarray(0, 100), /byte 0: a header of \d+ bytes in a file of 100; /],
  ["is cut in its tensors", (b) => b.subarray(0, b.length - 1), /header, tensor "kernel": lies at bytes 0 to 12 of 11; /],
  ["has a flipped bit", flipped, /metadata digest: does not fit the content; an older checkpoint is used/],
  [
    "has a tensor of another shape",
    (b) => changed(b, ({ tensors }) => tensors.set("kernel", { type: "F32", shape: [1], data: new Float32Array(1) })),
    /metadata digest: does not fit the content; /,
  ],
  [
    "has a tensor of another type",
    (b) => changed(b, ({ tensors }) => tensors.set("kernel", { type: "F64", shape: [3], data: new Float64Array(3) })),
    /tensor kernel: F64; it must be F32/,
  ],
  ["is another file", (b) => changed(b, ({ metadata }) => metadata.clear()), /metadata format: is no checkpoint; /],
  [
    "claims an absurd size",
    (b) => Uint8Array.from(b, (byte, i) => (i < 8 ? 0x7f : byte)),
    /a header of 9187201950435737471 bytes/,
  ],
];

describe("a damaged checkpoint", () => {
  it.each(damages)("that %s is skipped with its reason, and the one before it is used", async (_what, damage, why) => {
    await saveCheckpoint(run, checkpointAt(1));
    const newest = await saveCheckpoint(run, checkpointAt(2));
    writeFileSync(newest, damage(new Uint8Array(readFileSync(newest))));
    const { checkpoint, skipped } = await loadNewestCheckpoint(run);
    expect(checkpoint?.state.step).toBe(1);
    expect(skipped).toEqual([{ file: newest, why: expect.stringMatching(why) }]);
    expect(skipped[0].why.startsWith(newest)).toBe(true);
  });
});
