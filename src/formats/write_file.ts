import { randomBytes } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { UserError } from "../base/errors.js";

/**
 * Writes a file whole or not at all: to a temporary name beside it, synced, then renamed. The folder is made.
 * @throws UserError where the system refuses
 */
export async function writeFileSafely(path: string, bytes: Uint8Array): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`);
  try {
    await mkdir(folder, { recursive: true });
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(folder);
  } catch (error) {
    // What stopped the writing may stop this too; the first reason is the one to tell.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new UserError(`${path} could not be written: ${(error as Error).message}`, { cause: error });
  }
}

/** Makes the new name last. Some systems cannot sync folders; the file itself is safe by then. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    return;
  }
}
