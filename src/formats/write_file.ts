import { randomBytes } from "node:crypto";
import { lstat, open, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { disk, type FileLayer, writeAll } from "../base/file_layer.js";
import { systemCode, unwritable } from "../base/system_error.js";

/** What `writeFileSafely` gives its temporary files as names: `.NAME.PROCESS.RANDOM.tmp`. */
const temporaryName = /^\.(.+)\.\d+\.[0-9a-f]{8}\.tmp$/;

/** What systems answer that cannot sync a folder at all; the file itself is safe by then. */
const noFolderSync = new Set(["EPERM", "EACCES", "EISDIR", "EINVAL", "EBADF", "ENOTSUP", "ENOSYS"]);

/**
 * Writes a file whole or not at all: to a temporary name beside it, synced, then renamed. The folder is made. Where the path is a link, the
 * file that it leads to is written; a device or a pipe takes the bytes as they come, since a file in its place is never wanted.
 * @throws UserError where the system refuses: what it refused, why, and what can be done
 */
export async function writeFileSafely(path: string, bytes: Uint8Array, files: FileLayer = disk): Promise<void> {
  if (await isStream(path)) return writeStream(path, bytes);
  const place = await followed(path);
  const folder = dirname(place);
  const temporary = join(folder, `.${basename(place)}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`);
  try {
    await files.makeFolder(folder);
    await writeNew(temporary, bytes, files);
    await files.rename(temporary, place);
    await syncFolder(folder, files);
  } catch (error) {
    // What stopped the writing may stop this too; the first reason is the one to tell.
    await files.remove(temporary).catch(() => undefined);
    throw unwritable(path, error);
  }
}

/** Whether the path is a device, a pipe or a socket. */
async function isStream(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && !found.isFile() && !found.isDirectory();
}

async function writeStream(path: string, bytes: Uint8Array): Promise<void> {
  try {
    const stream = await open(path, "w");
    try {
      for (let at = 0; at < bytes.length; ) at += (await stream.write(bytes.subarray(at))).bytesWritten;
    } finally {
      await stream.close();
    }
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** Where a link leads; the path itself where it is none, or leads nowhere. */
async function followed(path: string): Promise<string> {
  const found = await lstat(path).catch(() => undefined);
  return found?.isSymbolicLink() ? realpath(path).catch(() => path) : path;
}

async function writeNew(path: string, bytes: Uint8Array, files: FileLayer): Promise<void> {
  const file = await files.open(path, "wx");
  try {
    await writeAll(file, bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the new name last. */
async function syncFolder(folder: string, files: FileLayer): Promise<void> {
  try {
    const handle = await files.open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!noFolderSync.has(systemCode(error) ?? "")) throw error;
  }
}

/**
 * Removes what processes that ended in the middle of `writeFileSafely` left in a folder. Only for folders in which no other process writes.
 * @param isOwn whether a name is one of the files that are written there
 * @returns names of the removed files
 */
export async function removeTemporaries(
  folder: string,
  isOwn: (name: string) => boolean,
  files: FileLayer = disk,
): Promise<string[]> {
  const names = await files.list(folder).catch(() => []);
  const left = names.filter((name) => isOwn(temporaryName.exec(name)?.[1] ?? ""));
  for (const name of left) await files.remove(join(folder, name)).catch(() => undefined);
  return left;
}
