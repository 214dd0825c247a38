import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { TarHeader } from "modern-tar";
import { packTar } from "modern-tar";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/base/errors.js";
import { unpackTarGz } from "../../src/corpus/unpack.js";
import { temporaryFolder } from "./folders.js";

async function archiveOf(...entries: (Partial<TarHeader> & { name: string; text?: string })[]): Promise<string> {
  const path = join(temporaryFolder(), "a.tar.gz");
  const packed = await packTar(
    entries.map(({ text = "", ...header }) => ({ header: { size: text.length, ...header }, body: text })),
  );
  writeFileSync(path, gzipSync(packed));
  return path;
}

describe("unpack", () => {
  it("writes files and folders", async () => {
    const archive = await archiveOf(
      { name: "./yes/", type: "directory" },
      { name: "./yes/a.wav", text: "sound" },
      { name: "README.md", text: "" },
    );
    const folder = join(temporaryFolder(), "set");
    const seen: number[] = [];
    expect(await unpackTarGz(archive, folder, { onProgress: (files) => seen.push(files) })).toEqual({ files: 2, bytes: 5 });
    expect([readFileSync(join(folder, "yes", "a.wav"), "utf8"), seen]).toEqual(["sound", [1, 2]]);
  });

  it.each<[string, Partial<TarHeader> & { name: string; text?: string }, RegExp]>([
    ["a way out", { name: "../evil.txt", text: "x" }, /leaves the folder/],
    ["a hidden way out", { name: "yes/../../evil.txt", text: "x" }, /leaves the folder/],
    ["an absolute path", { name: "/tmp/evil.txt", text: "x" }, /absolute path/],
    ["a backslash", { name: "..\\evil.txt", text: "x" }, /backslash/],
    ["a drive", { name: "C:evil.txt", text: "x" }, /colon/],
    ["a symbolic link", { name: "yes", type: "symlink", linkname: "/etc" }, /a symlink; only files and folders/],
    ["a hard link", { name: "yes", type: "link", linkname: "README.md" }, /a link; only files and folders/],
    ["too large a file", { name: "big.wav", text: "x".repeat(2000) }, /2000 bytes; at most 1000/],
    ["a name that stands twice", { name: "first.txt", text: "x" }, /stands twice/],
  ])("refuses %s and keeps nothing", async (_name, entry, message) => {
    const archive = await archiveOf({ name: "first.txt", text: "1" }, entry);
    const root = temporaryFolder();
    await expect(unpackTarGz(archive, join(root, "set"), { maxFileBytes: 1000 })).rejects.toThrow(message);
    await expect(unpackTarGz(archive, join(root, "set"), { maxFileBytes: 1000 })).rejects.toThrow(FormatError);
    expect(readdirSync(root)).toEqual([]);
    expect(existsSync(join(root, "..", "evil.txt"))).toBe(false);
  });

  it("bounds bytes and entries in all", async () => {
    const archive = await archiveOf({ name: "a", text: "12345" }, { name: "b", text: "12345" });
    await expect(unpackTarGz(archive, join(temporaryFolder(), "s"), { maxBytes: 9 })).rejects.toThrow(/more than 9 bytes in all/);
    await expect(unpackTarGz(archive, join(temporaryFolder(), "s"), { maxEntries: 1 })).rejects.toThrow(/more than 1 entries/);
  });

  it("refuses a cut, damaged or empty archive, and a folder with contents", async () => {
    const archive = await archiveOf({
      name: "a.bin",
      text: Array.from({ length: 5000 }, (_, i) => String.fromCharCode(32 + ((i * i) % 90))).join(""),
    });
    const bytes = readFileSync(archive);
    const root = temporaryFolder();
    for (const wrong of [
      bytes.subarray(0, bytes.length >> 1),
      Buffer.from("no archive"),
      Buffer.alloc(0),
      gzipSync(Buffer.alloc(1024)),
      gzipSync(Buffer.alloc(2000, 65)),
    ]) {
      writeFileSync(archive, wrong);
      await expect(unpackTarGz(archive, join(root, "set"))).rejects.toThrow(FormatError);
    }
    expect(readdirSync(root)).toEqual([]);
    writeFileSync(join(root, "mine.txt"), "");
    await expect(unpackTarGz(archive, root)).rejects.toThrow(/is not empty/);
  });
});
