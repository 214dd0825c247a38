import { mkdirSync, readdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { systemCode } from "./system_error.js";

/**
 * Makes a folder with all that lead to it; one that is there stays. Node's own recursive call says on a read-only file system that there is no
 * such folder (Node 20, 22), and tries for ever where the system makes none in a folder that is there, as in /proc.
 * @throws the system's error; of a file in the folder's place that it is no folder (ENOTDIR)
 */
export function makeFolderSync(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if (isFolder(path)) return;
    const code = systemCode(error);
    if (code === "EEXIST") throw reading(path) ?? error;
    const parent = dirname(resolve(path));
    if (code !== "ENOENT" || isFolder(parent) || parent === resolve(path)) throw error;
    makeFolderSync(parent);
    makeFolderSync(path);
  }
}

/** `makeFolderSync` for those who wait anyhow: it takes no time. */
export async function makeFolder(path: string): Promise<void> {
  makeFolderSync(path);
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** What the system says to reading a folder where a file is; undefined where nothing can be read, as of a link that leads nowhere. */
function reading(path: string): unknown {
  try {
    readdirSync(path);
    return undefined;
  } catch (reason) {
    return systemCode(reason) === "ENOENT" ? undefined : reason;
  }
}
