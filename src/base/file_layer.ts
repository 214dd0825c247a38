import { open, readdir, rename, rm } from "node:fs/promises";
import { makeFolder } from "./make_folder.js";

/** An open file. */
export interface OpenFile {
  /** Writes at the place of the file and gives the bytes that were taken: from 1 to all, as the system likes. */
  write(bytes: Uint8Array): Promise<number>;
  /** Returns when the content is on the disk. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * What is done to the files that must not be lost, one system call a method: tests put a layer between that fails, writes short or ends at
 * any of them. Errors are the system's, with their `code`.
 */
export interface FileLayer {
  /** Makes a folder and those above it; one that exists is well. */
  makeFolder(path: string): Promise<void>;
  /** "wx": a new file; "a": goes on at the end; "r": for `sync` of a folder. */
  open(path: string, flags: "wx" | "a" | "r"): Promise<OpenFile>;
  /** Gives a file another name, in place of the one that has it. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; none is well. */
  remove(path: string): Promise<void>;
  /** Names in a folder, in no order. */
  list(folder: string): Promise<string[]>;
}

/** The disk. */
export const disk: FileLayer = {
  async makeFolder(path) {
    await makeFolder(path);
  },
  async open(path, flags) {
    const file = await open(path, flags);
    return {
      write: async (bytes) => (await file.write(bytes)).bytesWritten,
      sync: () => file.sync(),
      close: () => file.close(),
    };
  },
  rename,
  remove: (path) => rm(path, { force: true }),
  list: (folder) => readdir(folder),
};

/** Bytes of one write: a large file is written in pieces, so that what was written grows visibly. */
const pieceBytes = 1 << 18;

/** Writes all bytes, however few the system takes at once. */
export async function writeAll(file: OpenFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += await file.write(bytes.subarray(at, at + pieceBytes));
}
