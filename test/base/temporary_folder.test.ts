import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { makeTemporaryFolder } from "../../src/base/temporary_folder.js";

const parent = join(tmpdir(), "temporary-folders");
afterEach(() => rmSync(parent, { recursive: true, force: true }));

function folderOf(pid: number, hours: number, name = `earshot-cc-${pid}-aB3dE6`): string {
  const folder = join(parent, name);
  mkdirSync(join(folder, "inside"), { recursive: true });
  const then = Date.now() / 1000 - hours * 3600;
  utimesSync(folder, then, then);
  return folder;
}

/** A number that no process has: it was one's that has ended. */
const ended = () => spawnSync(process.execPath, ["-e", ""]).pid;

it("folders of processes that were killed are removed, those of living ones and others' are not", () => {
  const abandoned = folderOf(ended(), 2);
  const kept = [
    folderOf(process.pid, 2),
    folderOf(ended(), 0.5, `earshot-cross-${ended()}-aaaaaa`),
    folderOf(0, 2, "somebody-else-1-aaaaaa"),
    folderOf(0, 2, "earshot-quickstart"),
  ];
  const made = makeTemporaryFolder("cc", parent);
  expect(basename(made)).toMatch(new RegExp(`^earshot-cc-${process.pid}-\\w{6}$`));
  expect(existsSync(abandoned)).toBe(false);
  expect([made, ...kept].map(existsSync)).toEqual([true, true, true, true, true]);
});

it("the tests themselves have their temporary files in one folder, which the end of the run removes", () => {
  expect(basename(tmpdir())).toMatch(/^earshot-tests-\d+-\w{6}$/);
  expect(existsSync(dirname(tmpdir()))).toBe(true);
});
