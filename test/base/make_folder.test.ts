import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { makeFolder, makeFolderSync } from "../../src/base/make_folder.js";

const root = mkdtempSync(join(tmpdir(), "earshot-make-folder-"));
const readOnly = join(root, "read_only");

function mounted(): boolean {
  try {
    makeFolderSync(readOnly);
    execFileSync("mount", ["-t", "tmpfs", "-o", "ro", "tmpfs", readOnly], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const isMounted = mounted();

afterAll(() => {
  if (isMounted) execFileSync("umount", [readOnly]);
  rmSync(root, { recursive: true, force: true });
});

describe("makeFolder", () => {
  it("makes all folders of a path, and takes one that is there", async () => {
    const path = join(root, "a/b/c");
    await makeFolder(path);
    makeFolderSync(path);
    expect(existsSync(path)).toBe(true);
  });

  it("names a file in the way, and leaves nothing", async () => {
    writeFileSync(join(root, "file"), "");
    await expect(makeFolder(join(root, "file/b/c"))).rejects.toThrow(/ENOTDIR/);
    await expect(makeFolder(join(root, "file"))).rejects.toThrow(/ENOTDIR/);
    expect(() => makeFolderSync(join(root, "file"))).toThrow(/ENOTDIR/);
    expect(() => makeFolderSync(join(root, "\0"))).toThrow();
  });

  it("says that nothing is there where a link leads nowhere", () => {
    symlinkSync(join(root, "gone"), join(root, "link"));
    expect(() => makeFolderSync(join(root, "link"))).toThrow(/EEXIST/);
    expect(() => makeFolderSync(join(root, "link/a"))).toThrow(/EEXIST/);
  });

  // Node's recursive call never came back.
  it.skipIf(!existsSync("/proc/self"))("ends where the system makes no folder in one that is there", async () => {
    await expect(makeFolder("/proc/nothing/at/all")).rejects.toThrow(/ENOENT/);
  });

  it.skipIf(!isMounted)("says that a file system is read-only (needs the right to mount)", async () => {
    await expect(makeFolder(join(readOnly, "a/b"))).rejects.toThrow(/EROFS/);
    expect(() => makeFolderSync(join(readOnly, "a/b"))).toThrow(/EROFS/);
  });
});
