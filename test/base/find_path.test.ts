import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { findPath } from "../../src/base/find_path.js";
import { openDataset } from "../../src/corpus/dataset.js";
import { earshot } from "../cli/command_line.js";

const folder = mkdtempSync(join(tmpdir(), "earshot-find-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, "clip.wav");
writeFileSync(file, "");
mkdirSync(join(folder, "yes"));
symlinkSync("circle", join(folder, "circle"));

it("finds files and folders", () => {
  expect(findPath(file)?.isFile()).toBe(true);
  expect(findPath(join(folder, "yes"))?.isDirectory()).toBe(true);
});

const nowhere = [
  ["nothing is there", join(folder, "no")],
  ["a file stands where a folder would be", join(file, "a")],
  ["no file has such a name", join(folder, "a".repeat(5000))],
  ["links lead in a circle", join(folder, "circle")],
  ["the name has a zero byte", "a\0b"],
] as const;

it.each(nowhere)("finds nothing where %s", (_, path) => {
  expect(findPath(path)).toBeUndefined();
});

it.each(nowhere.slice(1, 4))("commands say so where %s", async (_, path) => {
  const { code, stderr } = await earshot(["predict", "ds_cnn_s", path]);
  expect([code, stderr]).toEqual([1, `earshot: ${path}: there is no such file or folder; check the path\n`]);
  const trained = await earshot(["train", path, "--data", folder, "--out", join(folder, "run")]);
  expect([trained.code, trained.stderr]).toEqual([2, expect.not.stringContaining("fault of earshot")]);
});

it("a manifest may name what cannot be, and is told which", () => {
  const manifest = join(folder, "clips.jsonl");
  writeFileSync(manifest, `${JSON.stringify({ path: "a\0b.wav", label: "yes" })}\n`);
  expect(() => openDataset(manifest)).toThrow(/clips\.jsonl: line 1: .*b\.wav/);
});
