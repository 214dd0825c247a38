import { basename } from "node:path";
import { disk, type FileLayer, type OpenFile } from "../../src/base/file_layer.js";

/** What happens at one operation: the system refuses it with this code, or the process ends there. */
export type Fault = "ENOSPC" | "EIO" | "end";

/** Thrown where the process is thought to have ended; nothing that follows reaches the disk. */
export class ProcessEnded extends Error {}

export interface FailingDisk extends FileLayer {
  /** Operations so far, such as "write .step-000000002.safetensors". */
  readonly done: string[];
}

/**
 * The disk, until its operation number `at` (counted from 0), which fails.
 * @param mostBytes of one write: a system may take fewer bytes than it is given
 * @param lasts whether all later operations but removals fail too, as on a full disk
 */
export function failingDisk(fault: Fault, at: number, { mostBytes = Infinity, lasts = false } = {}): FailingDisk {
  const done: string[] = [];
  const count = (operation: string, path: string): void => {
    const number = done.push(`${operation} ${basename(path)}`) - 1;
    if (number < at) return;
    if (fault === "end") throw new ProcessEnded();
    if (number === at || (lasts && operation !== "remove" && operation !== "close" && operation !== "list")) {
      throw Object.assign(new Error(`${fault}: refused, ${operation}`), { code: fault, syscall: operation });
    }
  };
  const wrap = (file: OpenFile, path: string): OpenFile => ({
    write: async (bytes) => {
      count("write", path);
      return file.write(bytes.subarray(0, mostBytes));
    },
    sync: async () => {
      count("sync", path);
      await file.sync();
    },
    close: async () => {
      await file.close();
      count("close", path);
    },
  });
  return {
    done,
    makeFolder: async (path) => {
      count("makeFolder", path);
      await disk.makeFolder(path);
    },
    open: async (path, flags) => {
      count("open", path);
      return wrap(await disk.open(path, flags), path);
    },
    rename: async (from, to) => {
      count("rename", to);
      await disk.rename(from, to);
    },
    remove: async (path) => {
      count("remove", path);
      await disk.remove(path);
    },
    list: async (folder) => {
      count("list", folder);
      return disk.list(folder);
    },
  };
}
