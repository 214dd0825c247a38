import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { makeTemporaryFolder } from "../base/temporary_folder.js";

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
    mkdirSync(folder, { recursive: true });
    return folder;
  } catch {
    return unkeptFolder();
  }
}

/** Where the library of a key (hexadecimal digits) is kept, whether it is there or not. */
export function libraryPath(key: string): string {
  return join(cacheFolder(), `${key}.so`);
}

function digestOf(code: Uint8Array): Buffer {
  return createHash("sha256").update(code).digest();
}

/** Keeps a library with its digest behind it, under a temporary name first, so that another process never loads half a file. */
export function keepLibrary(code: Uint8Array, library: string): void {
  const near = `${library}.${process.pid}.tmp`;
  writeFileSync(near, Buffer.concat([code, digestOf(code)]));
  renameSync(near, library);
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
  return digestOf(bytes.subarray(0, end)).equals(bytes.subarray(end));
}
