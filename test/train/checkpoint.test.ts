import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Checkpoint } from "../../src/train/checkpoint.js";
import { checkpointFolder, loadNewestCheckpoint, recipeDigest, saveCheckpoint } from "../../src/train/checkpoint.js";

const base = mkdtempSync(join(tmpdir(), "earshot-checkpoint-"));
afterAll(() => rmSync(base, { recursive: true }));

function checkpointAt(step: number): Checkpoint {
  const state = {
    step,
    bestAccuracy: 0.1 + 0.2,
    bestLoss: 1 / 3,
    bestStep: step,
    worse: 0,
    lossSum: 0.1 * step,
    correct: 3,
    examples: 7,
    summedSteps: 2,
  };
  const tensors = new Map([
    ["a.kernel", Float32Array.from({ length: 100 }, (_, i) => Math.fround(Math.sin(i + step)))],
    ["adam.slot", Float32Array.from([step, -0, 1e-40])],
  ]);
  return { state, origin: { machine: "m", target: "wasm", threads: 1, version: "0", node: "20" }, recipe: "abc", tensors };
}

describe("checkpoints", () => {
  it("come back bit by bit, and only the last two are kept", async () => {
    const run = join(base, "kept");
    for (const step of [100, 200, 1000]) await saveCheckpoint(run, checkpointAt(step));
    expect(readdirSync(join(run, checkpointFolder)).toSorted()).toEqual([
      "step-000000200.safetensors",
      "step-000001000.safetensors",
    ]);
    const { checkpoint, skipped } = await loadNewestCheckpoint(run);
    expect(skipped).toEqual([]);
    expect(checkpoint).toEqual(checkpointAt(1000));
  });

  it("fall back to the older one where the newest is cut off or changed, and say why", async () => {
    const run = join(base, "damaged");
    const newest = await (async () => {
      await saveCheckpoint(run, checkpointAt(1));
      return saveCheckpoint(run, checkpointAt(2));
    })();
    const whole = readFileSync(newest);
    for (const damage of [
      () => truncateSync(newest, whole.length - 5),
      () => writeFileSync(newest, Buffer.from(whole).fill(7, whole.length - 40, whole.length - 39)),
      () => writeFileSync(newest, "no checkpoint"),
      () => writeFileSync(newest, ""),
    ]) {
      damage();
      const { checkpoint, skipped } = await loadNewestCheckpoint(run);
      expect(checkpoint?.state.step).toBe(1);
      expect(skipped).toHaveLength(1);
      expect(skipped[0].why).toContain(newest);
    }
  });

  it("are none in an empty run", async () => {
    expect(await loadNewestCheckpoint(join(base, "nowhere"))).toEqual({ checkpoint: undefined, skipped: [] });
  });

  it("tell recipes apart, whatever the order of their keys", () => {
    expect(recipeDigest({ a: 1, b: { c: 2, d: [1, 2] } })).toBe(recipeDigest({ b: { d: [1, 2], c: 2 }, a: 1 }));
    expect(recipeDigest({ a: 1 })).not.toBe(recipeDigest({ a: 2 }));
  });
});
