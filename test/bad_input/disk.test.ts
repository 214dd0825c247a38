import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { earshot, type Finished, root } from "../cli/command_line.js";

const isRoot = process.getuid?.() === 0;
const nobody = 65_534;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "earshot-disk-"));
  chmodSync(folder, 0o755);
});
afterAll(() => {
  if (mounted) spawnSync("umount", [disk()]);
  rmSync(folder, { recursive: true });
});

/** A disk of 64 KB, where the system lets us have one. */
const disk = () => join(folder, "disk");
let mounted = false;

function mountDisk(): boolean {
  mkdirSync(disk());
  mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "none", disk()]).status === 0;
  return mounted;
}

/** Runs the program as somebody who may not do everything: root may. */
function asNobody(args: readonly string[]): Promise<Finished> {
  return earshot(args, isRoot ? { user: nobody } : {});
}

/** The last line: the progress before it differs with the machine. */
const lastLine = (text: string) => text.trimEnd().split("\n").at(-1)?.replaceAll(folder, "DIR");

describe("a disk that refuses", () => {
  it.skipIf(!isRoot)("a full one: the file is named, nothing is left behind (needs root for a small disk)", async (context) => {
    if (!mountDisk()) return context.skip("no file system can be mounted here");
    const path = join(disk(), "model.tflite");
    const { code, stdout, stderr } = await earshot(["export", "ds_cnn_s", "--to", "tflite", "--out", path]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(lastLine(stderr)).toBe(
      "earshot: DIR/disk/model.tflite could not be written: no space is left on the disk (ENOSPC); make room on it",
    );
    expect(readdirSync(disk())).toEqual([]);
  });

  it.skipIf(!isRoot)("a full one: what is synthesised names the file and leaves nothing (needs root)", async (context) => {
    if (!mounted) return context.skip("no file system can be mounted here");
    const outcome = await earshot(["data", "synth", "--per-word", "2", "--out", join(disk(), "words")]);
    expect([outcome.code, lastLine(outcome.stderr)]).toEqual([
      1,
      "earshot: DIR/disk/words/_background_noise_/white.wav could not be written: no space is left on the disk (ENOSPC); make room on it",
    ]);
    const long = await earshot(["data", "running", "--count", "1", "--out", join(disk(), "running")]);
    expect([long.code, lastLine(long.stderr)?.includes("no space is left")]).toEqual([1, true]);
    expect(readdirSync(disk(), { recursive: true })).toEqual(["running"]);
  });

  it("a folder that may not be written into", async () => {
    const closed = join(folder, "closed");
    mkdirSync(closed);
    chmodSync(closed, 0o555);
    const outcome = await asNobody(["export", "ds_cnn_s", "--to", "tflite", "--out", join(closed, "model.tflite")]);
    expect([outcome.code, outcome.stdout]).toEqual([1, ""]);
    expect(lastLine(outcome.stderr)).toBe(
      "earshot: DIR/closed/model.tflite could not be written: permission denied (EACCES); allow writing there, or choose another folder",
    );
    const training = await asNobody(["train", "--data", join(root, "models"), "--out", join(closed, "run")]);
    expect(training.code).toBe(1);
    expect(training.stderr).not.toMatch(/^\s+at |a fault of earshot/m);
  });

  it("a folder and a file that may not be read", async () => {
    const hidden = join(folder, "hidden");
    mkdirSync(join(hidden, "yes"), { recursive: true });
    chmodSync(join(hidden, "yes"), 0);
    const outcome = await asNobody(["data", "stats", hidden, "--words", "yes"]);
    expect([outcome.code, outcome.stderr.replaceAll(folder, "DIR")]).toEqual([
      1,
      "earshot: DIR/hidden/yes: the folder may not be read; check its permissions\n",
    ]);
    const file = join(folder, "secret.safetensors");
    writeFileSync(file, "");
    chmodSync(file, 0);
    const model = await asNobody(["predict", file, hidden]);
    expect([model.code, model.stderr]).toEqual([1, expect.stringMatching(/permission denied|may not be read/)]);
  });
});
