import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { UsageError, UserError } from "../../src/base/errors.js";
import { loadModel } from "../../src/formats/model_file.js";
import { loadNewestCheckpoint, saveCheckpoint } from "../../src/train/checkpoint.js";
import { parseRecipe, type Recipe } from "../../src/train/recipe.js";
import { lockFile, lockRun } from "../../src/train/run_lock.js";
import { resumeTraining, train } from "../../src/train/train.js";
import { failingDisk } from "./failing_disk.js";
import { temporaryFolder, toneDataset, toneRecipe } from "./tones.js";

const data = toneDataset();
const recipe = parseRecipe({ ...toneRecipe(data), steps: 20, validateEvery: 5, patience: 20 }, "the test");
const settings = { workers: 0, threads: 1, target: "wasm", talk: false } as const;
const runOf = () => join(temporaryFolder(), "run");
const results = ["last.safetensors", "best.safetensors", "metrics.jsonl"] as const;

/** A run that nothing interrupted, and what it did with the disk. */
const whole = runOf();
const untroubled = failingDisk("EIO", Infinity);
const wholeDone = train(recipe, { ...settings, out: whole, files: untroubled });

async function expectSameBits(run: string): Promise<void> {
  await wholeDone;
  for (const file of results) expect(readFileSync(join(run, file)).equals(readFileSync(join(whole, file))), file).toBe(true);
}

const allFiles = (run: string) => readdirSync(run, { recursive: true, encoding: "utf8" });

describe("a disk that fails during a training", () => {
  it("ends it with what failed and how to go on, leaves no temporary file, and the rest gives the same bits", async () => {
    await wholeDone;
    const numbersOf = (pattern: RegExp) => untroubled.done.flatMap((operation, i) => (pattern.test(operation) ? [i] : []));
    const moments = [
      0,
      numbersOf(/^write \.recipe/)[0],
      numbersOf(/^write metrics/).at(-1),
      // How often the model gets better depends on where the network starts.
      numbersOf(/^sync \.best/).at(-1),
      numbersOf(/^write \.step/)[0],
      numbersOf(/^rename step/)[2],
      numbersOf(/^sync checkpoints/)[0],
      numbersOf(/^write \.last/)[0],
    ] as number[];
    expect(moments).not.toContain(undefined);
    const failed = new Set<string>();
    for (const [i, at] of moments.entries()) {
      const out = runOf();
      const fault = i % 2 === 0 ? "ENOSPC" : "EIO";
      const files = failingDisk(fault, at, { lasts: true });
      const error: unknown = await train(recipe, { ...settings, out, files }).catch((reason: unknown) => reason);
      expect(error, files.done[at]).toBeInstanceOf(UserError);
      const { message } = error as UserError;
      expect(message).toMatch(/ could not be written: (no space is left on the disk \(ENOSPC\)|the disk failed \(EIO\)); /);
      failed.add(basename(message.slice(0, message.indexOf(" could"))));
      if (!existsSync(out)) continue;
      expect(allFiles(out).filter((name) => name.endsWith(".tmp") || name === lockFile)).toEqual([]);
      if (!existsSync(join(out, "recipe.json"))) {
        await train(recipe, { ...settings, out });
        await expectSameBits(out);
        continue;
      }
      const { checkpoint, skipped } = await loadNewestCheckpoint(out);
      expect(skipped).toEqual([]);
      if (!message.includes("recipe.json")) {
        const known = checkpoint === undefined ? "no checkpoint was written yet" : "the checkpoint of step \\d+ is kept";
        expect(message).toMatch(new RegExp(`, then go on with --resume ${out} \\(${known}\\)$`));
      }
      await resumeTraining({ ...settings, out });
      await expectSameBits(out);
    }
    const steps = ["step-000000005.safetensors", "step-000000015.safetensors"];
    expect(failed).toEqual(new Set(["run", "recipe.json", "metrics.jsonl", "best.safetensors", ...steps, "last.safetensors"]));
  });
});

describe("going on", () => {
  it("begins at the first step where there was no checkpoint yet, and removes temporary files", async () => {
    const out = runOf();
    mkdirSync(join(out, "checkpoints"), { recursive: true });
    writeFileSync(join(out, "recipe.json"), JSON.stringify(recipe));
    writeFileSync(join(out, "metrics.jsonl"), '{"step":5,"loss":1}\n');
    writeFileSync(join(out, "checkpoints", ".step-000000005.safetensors.77.0123abcd.tmp"), "half");
    writeFileSync(join(out, ".best.safetensors.77.0123abcd.tmp"), "half");
    writeFileSync(join(out, ".of-a-person.77.0123abcd.tmp"), "stays");
    const { notes } = await resumeTraining({ ...settings, out });
    expect(notes).toEqual([]);
    expect(allFiles(out).filter((name) => name.endsWith(".tmp"))).toEqual([".of-a-person.77.0123abcd.tmp"]);
    await expectSameBits(out);
  });

  it("brings the best model back that belongs to the checkpoint", async () => {
    await wholeDone;
    const out = runOf();
    const stop = new AbortController();
    const onValidation = (step: number) => (step === 15 ? stop.abort() : undefined);
    await train(recipe, { ...settings, out, signal: stop.signal, onValidation });
    const best = join(out, "best.safetensors");
    const before = readFileSync(best);
    // A later one, of a process that was killed before its checkpoint; then none.
    for (const damage of [() => writeFileSync(best, readFileSync(join(whole, "last.safetensors"))), () => rmSync(best)]) {
      damage();
      const stopped = new AbortController();
      stopped.abort();
      expect((await resumeTraining({ ...settings, out, signal: stopped.signal })).end).toBe("interrupted");
      expect(readFileSync(best).equals(before)).toBe(true);
    }
  });

  it("does not begin anew where no checkpoint is good", async () => {
    await wholeDone;
    const out = runOf();
    await train({ ...recipe, steps: 10 }, { ...settings, out });
    for (const name of readdirSync(join(out, "checkpoints"))) writeFileSync(join(out, "checkpoints", name), "damaged");
    const best = readFileSync(join(out, "best.safetensors"));
    const failed = resumeTraining({ ...settings, out });
    await expect(failed).rejects.toThrow(/no checkpoint of this run can be used.*\n.*step-000000010.*\n.*step-000000005/);
    expect(readFileSync(join(out, "best.safetensors")).equals(best)).toBe(true);
    expect(existsSync(join(out, lockFile))).toBe(false);
  });

  it("says what differs from where the checkpoint was made", async () => {
    const out = runOf();
    await train({ ...recipe, steps: 10 }, { ...settings, out });
    const { checkpoint } = await loadNewestCheckpoint(out);
    if (checkpoint === undefined) throw new Error("there is no checkpoint");
    const origin = { ...checkpoint.origin, machine: "another machine", target: "native", version: "0.0.1", data: "3 clips" };
    await saveCheckpoint(out, { ...checkpoint, origin });
    const { notes } = await resumeTraining({ ...settings, out });
    const { machine, version, data } = checkpoint.origin;
    const rounding = "the result equals an uninterrupted one to rounding only";
    expect(notes).toEqual([
      "going on from step 10",
      `machine differs from the checkpoint's (another machine, now ${machine}): ${rounding}`,
      `target differs from the checkpoint's (native, now wasm): ${rounding}`,
      `version differs from the checkpoint's (0.0.1, now ${version}): ${rounding}`,
      `data differs from the checkpoint's (3 clips, now ${data}): the training goes on with other clips`,
    ]);
    const tensors = new Map([...checkpoint.tensors].slice(1));
    await saveCheckpoint(out, { ...checkpoint, tensors });
    await expect(resumeTraining({ ...settings, out })).rejects.toThrow(
      /the checkpoint has no tensor .*: it is of another network/,
    );
  });

  // Earlier versions took such options and left them unused; a recipe in which they were taken out is refused as another one.
  it.each([
    [{ augmentation: { junctions: 0.5 } }, "augmentation.junctions (--junctions) makes examples of the label _unknown_, which"],
    [{ sampling: { order: "epochs", shares: { low: 0.5 } } }, 'sampling.shares goes with the order "balanced", and the order is'],
    [{ sparsity: { w: 0.5 } }, "sparsity.w: matrices on inputs of recurrent layers, of which dnn has none"],
  ])("takes an option that can do nothing where the run was begun with it: %j", async (given, note) => {
    const idle = parseRecipe({ ...toneRecipe(data), ...given, steps: 10, validateEvery: 5 }, "the test");
    const { augmentation, sampling } = recipe;
    const heeded: Recipe = { ...idle, augmentation, sampling: { ...sampling, order: idle.sampling.order }, sparsity: undefined };
    const out = runOf();
    await expect(train(idle, { ...settings, out })).rejects.toThrow(`${note}`);
    expect(existsSync(out)).toBe(false);

    await train(heeded, { ...settings, out });
    const whole = (await loadModel(join(out, "last.safetensors"))).parameters;
    rmSync(join(out, "checkpoints", "step-000000010.safetensors"));
    const { checkpoint } = await loadNewestCheckpoint(out);
    await saveCheckpoint(out, { ...checkpoint!, recipe: idle });
    writeFileSync(join(out, "recipe.json"), JSON.stringify(idle));
    const { resumedFrom, notes } = await resumeTraining({ ...settings, out });
    expect([resumedFrom, notes]).toEqual([5, [expect.stringContaining(note), "going on from step 5"]]);
    expect((await loadModel(join(out, "last.safetensors"))).parameters).toEqual(whole);
  });

  it("names every option in which another recipe differs", async () => {
    const out = runOf();
    await train({ ...recipe, steps: 5 }, { ...settings, out });
    const wanted = { ...recipe, steps: 5, batch: 17, optimizer: { kind: "sgd", momentum: 0.9, nesterov: false } } as const;
    const failed = resumeTraining({ ...settings, out }, wanted);
    await expect(failed).rejects.toThrow(UsageError);
    await expect(failed).rejects.toThrow(/: optimizer\.kind \("adam", now "sgd"\), batch \(16, now 17\); leave/);
    expect((await resumeTraining({ ...settings, out }, { ...recipe, steps: 5 })).steps).toBe(5);
  });
});

describe("a run's lock", () => {
  it("refuses a second process, and is taken over from one that has ended", async () => {
    const folder = temporaryFolder();
    const first = await lockRun(folder);
    await expect(lockRun(folder)).rejects.toThrow(new RegExp(`process ${process.pid} is training in this folder; .*kill`));
    first.release();
    expect(readdirSync(folder)).toEqual([]);
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    const lock = (content: unknown) => writeFileSync(join(folder, lockFile), JSON.stringify(content));
    lock({ pid: child.pid, host: hostname(), began: null });
    await expect(lockRun(folder)).rejects.toThrow(`process ${child.pid} is training`);
    child.kill("SIGKILL");
    await once(child, "exit");
    (await lockRun(folder)).release();
    // The number of the process was given to another one since: ours.
    for (const began of ["an earlier boot 1234", null]) {
      lock({ pid: process.pid, host: hostname(), began });
      (await lockRun(folder)).release();
    }
    lock({ pid: 1, host: "another.machine", began: null });
    await expect(lockRun(folder)).rejects.toThrow(/process 1 on another\.machine.*when it runs no more, remove .*run\.lock/);
    writeFileSync(join(folder, lockFile), "");
    (await lockRun(folder)).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("is had by one of many that want it at once, although it was left behind", async () => {
    const folder = temporaryFolder();
    for (let round = 0; round < 5; round++) {
      writeFileSync(join(folder, lockFile), JSON.stringify({ pid: 2 ** 22 + 1, host: hostname(), began: null }));
      const wanted = await Promise.allSettled(Array.from({ length: 8 }, () => lockRun(folder)));
      const got = wanted.filter((each) => each.status === "fulfilled");
      expect(got).toHaveLength(1);
      got[0].value.release();
      expect(readdirSync(folder)).toEqual([]);
    }
  });

  it("keeps two trainings out of one folder", async () => {
    const out = runOf();
    const [one, two] = await Promise.allSettled([1, 2].map(() => train({ ...recipe, steps: 5 }, { ...settings, out })));
    const failed = [one, two].filter((each) => each.status === "rejected");
    expect(failed).toHaveLength(1);
    expect(String(failed[0].reason)).toMatch(/is training in this folder|there is a run in this folder/);
    const lock = await lockRun(out);
    await expect(resumeTraining({ ...settings, out })).rejects.toThrow("is training in this folder");
    lock.release();
  });
});
