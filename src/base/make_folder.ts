import { existsSync, mkdirSync, readdirSync, rmdirSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { systemCode } from "./system_error.js";

/**
 * Makes a folder with all that lead to it; one that is there stays.
 * @throws the system's error; on a read-only file system Node's own recursive call says that there is no such folder (Node 20, 22)
 */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((error: unknown) => {
    throw reasonOf(path, error);
  });
}

/** `makeFolder` at once. */
export function makeFolderSync(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw reasonOf(path, error);
  }
}

/**
 * What the system says of the first folder that is missing, where the recursive call says only that it is; and of a file in the folder's
 * place, of which it says that it exists.
 */
function reasonOf(path: string, error: unknown): unknown {
  if (systemCode(error) === "EEXIST") return reading(path) ?? error;
  if (systemCode(error) !== "ENOENT") return error;
  let missing = resolve(path);
  while (!existsSync(dirname(missing))) missing = dirname(missing);
  try {
    mkdirSync(missing);
  } catch (reason) {
    return reason;
  }
  rmdirSync(missing);
  return error;
}

/** What the system says to reading a folder; undefined where it lets it be read. */
function reading(path: string): unknown {
  try {
    readdirSync(path);
    return undefined;
  } catch (reason) {
    return reason;
  }
}
