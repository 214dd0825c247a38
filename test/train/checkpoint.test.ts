import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { UserError } from "../../src/base/errors.js";
import type { Checkpoint } from "../../src/train/checkpoint.js";
import { checkpointFolder, loadNewestCheckpoint, saveCheckpoint } from "../../src/train/checkpoint.js";
import { differenceText, recipeDifferences } from "../../src/train/recipe_difference.js";
import { removeLeftovers } from "../../src/train/run_folder.js";
import { failingDisk } from "./failing_disk.js";

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
  const origin = { machine: "m", target: "wasm", threads: 1, version: "0", node: "20", data: "d" };
  const best = new Map([["a.kernel", Float32Array.from({ length: 100 }, (_, i) => i / step)]]);
  return { state, origin, recipe: { steps: 5, schedule: { rates: [0.1, 0.2] } }, tensors, best };
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

  it("of later steps are removed by the next one: nothing can be gone on from there", async () => {
    const run = join(base, "later");
    for (const step of [1, 2]) await saveCheckpoint(run, checkpointAt(step));
    truncateSync(join(run, checkpointFolder, "step-000000002.safetensors"), 9);
    writeFileSync(join(run, checkpointFolder, "notes.txt"), "a person's file stays");
    await saveCheckpoint(run, checkpointAt(1));
    expect(readdirSync(join(run, checkpointFolder)).toSorted()).toEqual(["notes.txt", "step-000000001.safetensors"]);
  });

  it("that cannot be read are skipped too", async () => {
    const run = join(base, "unreadable");
    for (const step of [1, 2]) await saveCheckpoint(run, checkpointAt(step));
    const newest = join(run, checkpointFolder, "step-000000002.safetensors");
    rmSync(newest);
    mkdirSync(newest);
    const { checkpoint, skipped } = await loadNewestCheckpoint(run);
    expect([checkpoint?.state.step, skipped[0].why]).toEqual([
      1,
      `${newest} could not be read: is a folder, not a file (EISDIR)`,
    ]);
  });
});

/** Two checkpoints in a new run, and the path of the second. */
async function twoCheckpoints(): Promise<{ run: string; newest: string }> {
  const run = mkdtempSync(join(base, "two-"));
  await saveCheckpoint(run, checkpointAt(1));
  return { run, newest: await saveCheckpoint(run, checkpointAt(2)) };
}

const temporaries = (run: string) => readdirSync(join(run, checkpointFolder)).filter((name) => name.endsWith(".tmp"));

describe("a checkpoint", () => {
  it("that is cut at any byte is skipped with the reason, and the one before is loaded", async () => {
    const { run, newest } = await twoCheckpoints();
    const whole = readFileSync(newest);
    const before = checkpointAt(1);
    const reasons = new Set<string>();
    for (let length = whole.length - 1; length >= 0; length--) {
      truncateSync(newest, length);
      const { checkpoint, skipped } = await loadNewestCheckpoint(run);
      expect(checkpoint?.state.step, `${length} bytes`).toBe(1);
      if (length % 100 === 0) expect(checkpoint).toEqual(before);
      expect(skipped.map(({ file }) => file)).toEqual([newest]);
      reasons.add(skipped[0].why.slice(newest.length).replaceAll(/\d+/g, "N"));
    }
    const remedy = "it is no undamaged safetensors file: take another copy";
    expect(reasons).toEqual(
      new Set([
        `: header, tensor "adam.slot": lies at bytes N to N of N; ${remedy}`,
        `: header, tensor "best/a.kernel": lies at bytes N to N of N; ${remedy}`,
        `: header, tensor "a.kernel": lies at bytes N to N of N; ${remedy}`,
        `: byte N: a header of N bytes in a file of N; ${remedy}`,
        `: byte N: the file has only N bytes; ${remedy}`,
      ]),
    );
    expect(whole.length).toBeGreaterThanOrEqual(1500);
  });

  it("with a changed byte is skipped, or the change has no meaning", async () => {
    const { run, newest } = await twoCheckpoints();
    const whole = readFileSync(newest);
    const undamaged = checkpointAt(2);
    let meaningless = 0;
    for (let at = 0; at < whole.length; at += 3) {
      const bytes = Buffer.from(whole);
      bytes[at] ^= 1 << (at % 8);
      writeFileSync(newest, bytes);
      const { checkpoint, skipped } = await loadNewestCheckpoint(run);
      if (skipped.length === 0) {
        meaningless++;
        expect(checkpoint, `byte ${at}`).toEqual(undamaged);
      } else {
        expect(checkpoint?.state.step, `byte ${at}`).toBe(1);
      }
    }
    // Only blanks after the header's JSON.
    expect(meaningless).toBeLessThanOrEqual(7);
  });

  for (const fault of ["ENOSPC", "EIO"] as const) {
    it(`whose writing fails at any call with ${fault} leaves a good one and no temporary file, and says which file`, async () => {
      const failed: string[] = [];
      for (let at = 0; ; at++) {
        const { run, newest } = await twoCheckpoints();
        const files = failingDisk(fault, at, { mostBytes: 250 });
        const path = newest.replace("2.safe", "3.safe");
        const error = await saveCheckpoint(run, checkpointAt(3), files).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        const renamed = files.done.slice(0, at).some((operation) => operation.startsWith("rename"));
        const { checkpoint, skipped } = await loadNewestCheckpoint(run);
        expect([skipped, temporaries(run)], files.done[at]).toEqual([[], []]);
        if (error === undefined) {
          // Removing the old ones may fail without harm.
          expect(checkpoint).toEqual(checkpointAt(3));
          if (at >= files.done.length) break;
          expect(files.done[at]).toMatch(/^remove/);
          continue;
        }
        failed.push(files.done[at].split(" ")[0]);
        expect(checkpoint).toEqual(checkpointAt(renamed ? 3 : 2));
        expect(error).toBeInstanceOf(UserError);
        expect((error as Error).message).toContain(`${path} could not be written: `);
        expect((error as Error).message).toContain(
          fault === "EIO" ? "the disk failed (EIO)" : "no space is left on the disk (ENOSPC); make room",
        );
      }
      expect(failed.filter((operation) => operation === "write").length).toBeGreaterThan(4);
      expect(new Set(failed)).toEqual(new Set(["makeFolder", "open", "write", "sync", "close", "rename"]));
    });
  }

  it("whose writer ends at any call, in the middle of a write too, leaves a good one; the temporary file goes at the next start", async () => {
    let left = 0;
    for (let at = 0; ; at++) {
      const { run } = await twoCheckpoints();
      const files = failingDisk("end", at, { mostBytes: 100 });
      const outcome = await saveCheckpoint(run, checkpointAt(3), files).catch((error: unknown) => error);
      const renamed = files.done.slice(0, at).some((operation) => operation.startsWith("rename"));
      const { checkpoint, skipped } = await loadNewestCheckpoint(run);
      expect([checkpoint?.state.step, skipped], files.done[at]).toEqual([renamed ? 3 : 2, []]);
      const tmp = temporaries(run);
      left += tmp.length;
      expect(await removeLeftovers(run)).toEqual(tmp);
      expect(temporaries(run)).toEqual([]);
      if (typeof outcome === "string" && at >= files.done.length) break;
    }
    expect(left).toBeGreaterThanOrEqual(15);
  });
});

describe("recipes", () => {
  it("are compared option by option, whatever the order of their keys", () => {
    expect(recipeDifferences({ a: 1, b: { c: 2, d: [1, 2] } }, { b: { d: [1, 2], c: 2 }, a: 1 })).toEqual([]);
    const differences = recipeDifferences({ a: 1, b: { c: 2, d: [1, 2] } }, { a: 1, b: { d: [1, 3, 4] } });
    expect(differenceText(differences)).toBe("b.c (2, now nothing), b.d.1 (2, now 3), b.d.2 (nothing, now 4)");
    expect(differenceText(recipeDifferences([1, 2, 3, 4, 5, 6, 7], []))).toMatch(/4 \(5, now nothing\) and 2 more$/);
  });
});
