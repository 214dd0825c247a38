import { createHash } from "node:crypto";
import { readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { makeFolderSync } from "../base/make_folder.js";
import { makeTemporaryFolder } from "../base/temporary_folder.js";

/** Bytes that the kept libraries take together at most; some two thousand graphs. */
const mostCached = 128 * 2 ** 20;

/** Where libraries go that cannot be kept: one folder a process. */
let unkept: string | undefined;

function unkeptFolder(): string {
  if (unkept !== undefined) return unkept;
  const folder = makeTemporaryFolder("native");
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return (unkept = folder);
}

function cacheFolder(): string {
  const root = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
  const folder = join(root, "earshot", "native");
  try {
    makeFolderSync(folder);
    return folder;
  } catch {
    return unkeptFolder();
  }
}

/** Where the library of a key (hexadecimal digits) is kept, whether it is there or not. */
export function libraryPath(key: string): string {
  return join(cacheFolder(), `${key}.so`);
}

/** Whether this process has looked for what is no longer used: once is enough for the few megabytes that it adds. */
let isLookedThrough = false;

function digestOf(code: Uint8Array): Buffer {
  return createHash("sha256").update(code).digest();
}

/** Keeps a library with its digest behind it, under a temporary name first, so that another process never loads half a file. */
export function keepLibrary(code: Uint8Array, library: string): void {
  const near = `${library}.${process.pid}.tmp`;
  writeFileSync(near, Buffer.concat([code, digestOf(code)]));
  renameSync(near, library);
  if (!isLookedThrough) forgetUnused(dirname(library), mostCached);
  isLookedThrough = true;
}

/**
 * Removes the files of a folder that were not used for longest, until the others take at most three quarters of `most` bytes; nothing where
 * they take no more than `most`. A library that a process has loaded stays loaded.
 */
export function forgetUnused(folder: string, most: number): void {
  const files = readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    const found = statSync(path, { throwIfNoEntry: false });
    return found?.isFile() ? [{ path, bytes: found.size, used: found.mtimeMs }] : [];
  });
  let bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (bytes <= most) return;
  for (const file of files.sort((a, b) => a.used - b.used)) {
    if (bytes <= 0.75 * most) return;
    rmSync(file.path, { force: true });
    bytes -= file.bytes;
  }
}

/** Notes that a library is used; in a cache that is read-only it just grows old. */
function noteUse(library: string): void {
  try {
    const now = new Date();
    utimesSync(library, now, now);
  } catch {}
}

/**
 * Whether the cache has the library whole, with its digest behind it. A machine that went down leaves files that are cut or empty, and
 * loading those ends the process.
 */
export function isWhole(library: string): boolean {
  let bytes: Buffer;
  try {
    bytes = readFileSync(library);
  } catch {
    return false;
  }
  const end = Math.max(0, bytes.length - 32);
  const whole = digestOf(bytes.subarray(0, end)).equals(bytes.subarray(end));
  if (whole) noteUse(library);
  return whole;
}
