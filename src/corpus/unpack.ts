import { createReadStream, existsSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { ParsedTarEntry, TarHeader } from "modern-tar";
import { createTarDecoder } from "modern-tar";
import { FormatError, UserError } from "../base/errors.js";
import { makeFolderSync } from "../base/make_folder.js";

/** Bounds of what is unpacked. */
export interface UnpackLimits {
  /** Most bytes of one file. Default 1 GiB. */
  maxFileBytes?: number | undefined;
  /** Most bytes of all files. Default 64 GiB. */
  maxBytes?: number | undefined;
  /** Most files and folders. Default 1,000,000. */
  maxEntries?: number | undefined;
  /** Called with files and bytes written. */
  onProgress?: ((files: number, bytes: number) => void) | undefined;
}

/** What was unpacked. */
export interface Unpacked {
  files: number;
  bytes: number;
}

/**
 * Unpacks a .tar.gz into a new folder. Nothing is written outside it: names must be relative without `..`, and only files and
 * folders are taken, no links. The folder appears under its name only when the archive was unpacked whole.
 * @throws FormatError for an archive that is damaged or holds something else; UserError where the folder has contents or the disk fails
 */
export async function unpackTarGz(archive: string, folder: string, limits: UnpackLimits = {}): Promise<Unpacked> {
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw new UserError(`${folder}: the folder is not empty; choose another one or remove it`);
  }
  const partial = join(dirname(folder), `.${basename(folder)}.unpacking`);
  rmSync(partial, { recursive: true, force: true });
  makeFolderSync(partial);
  try {
    const result = await unpackInto(archive, partial, limits);
    if (result.files === 0) throw new FormatError(archive, "contents", "no files", "give the address of a data set");
    rmSync(folder, { recursive: true, force: true });
    renameSync(partial, folder);
    return result;
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    throw explain(archive, folder, error);
  }
}

async function unpackInto(archive: string, folder: string, limits: UnpackLimits): Promise<Unpacked> {
  const { maxBytes = 2 ** 36, maxEntries = 1_000_000, onProgress } = limits;
  const result: Unpacked = { files: 0, bytes: 0 };
  const folders = new Set<string>();
  let entries = 0;
  const source = createReadStream(archive, { highWaterMark: 1 << 18 });
  const gunzip = createGunzip();
  source.on("error", (error) => gunzip.destroy(error));
  const decoder = createTarDecoder({ strict: true });
  const bytes = Readable.toWeb(source.pipe(gunzip)) as ReadableStream<Uint8Array>;
  for await (const entry of bytes.pipeThrough(decoder) as unknown as AsyncIterable<ParsedTarEntry>) {
    if (++entries > maxEntries)
      throw new FormatError(archive, "contents", `more than ${maxEntries} entries`, "this is no data set");
    const name = safeName(archive, entry.header);
    if (name === "" || entry.header.type === "directory") {
      await entry.body.cancel();
      makeFolder(join(folder, name), folders);
      continue;
    }
    checkSize(archive, entry.header, result.bytes, limits.maxFileBytes ?? 2 ** 30, maxBytes);
    makeFolder(dirname(join(folder, name)), folders);
    await writeEntry(archive, join(folder, name), entry);
    result.files++;
    result.bytes += entry.header.size;
    onProgress?.(result.files, result.bytes);
  }
  return result;
}

/** The entry's path with forward slashes, "" for the archive's root. */
function safeName(archive: string, header: TarHeader): string {
  const place = `entry '${header.name.slice(0, 100)}'`;
  const remedy = "nothing was kept; get the archive from a place you trust";
  const type = header.type ?? "file";
  if (type !== "file" && type !== "directory")
    throw new FormatError(archive, place, `a ${type}; only files and folders are unpacked`, remedy);
  if (/[\\\0:]/.test(header.name)) throw new FormatError(archive, place, "a backslash, colon or zero byte in the name", remedy);
  if (header.name.startsWith("/")) throw new FormatError(archive, place, "an absolute path", remedy);
  const parts = header.name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw new FormatError(archive, place, "a path that leaves the folder", remedy);
  if (parts.length > 32) throw new FormatError(archive, place, "more than 32 folders deep", remedy);
  return parts.join("/");
}

function checkSize(archive: string, header: TarHeader, before: number, maxFileBytes: number, maxBytes: number): void {
  const place = `entry '${header.name.slice(0, 100)}'`;
  if (!(header.size >= 0 && header.size <= maxFileBytes)) {
    throw new FormatError(archive, place, `${header.size} bytes`, `at most ${maxFileBytes} bytes a file are unpacked`);
  }
  if (before + header.size > maxBytes)
    throw new FormatError(archive, place, `more than ${maxBytes} bytes in all`, "this is no data set");
}

function makeFolder(path: string, known: Set<string>): void {
  if (known.has(path)) return;
  makeFolderSync(path);
  known.add(path);
}

async function writeEntry(archive: string, path: string, entry: ParsedTarEntry): Promise<void> {
  // "wx": a name that stands twice, or that a folder has already, is an error.
  const file = await open(path, "wx");
  let written = 0;
  try {
    for await (const chunk of entry.body as unknown as AsyncIterable<Uint8Array>) {
      written += chunk.length;
      for (let done = 0; done < chunk.length; ) done += (await file.write(chunk, done)).bytesWritten;
    }
  } finally {
    await file.close();
  }
  if (written !== entry.header.size || statSync(path).size !== written) {
    throw new FormatError(
      archive,
      `entry '${entry.header.name.slice(0, 100)}'`,
      `${written} of ${entry.header.size} bytes`,
      "download the archive again",
    );
  }
}

function explain(archive: string, folder: string, error: unknown): Error {
  if (error instanceof UserError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC")
    return new UserError(`${folder}: the disk is full; free some room and run the command again`, { cause: error });
  if (code === "EEXIST" || code === "EISDIR")
    return new FormatError(archive, "contents", "a name stands twice", "get the archive from a place you trust");
  if (code === "ENOENT" || code === "EACCES" || code === "EROFS")
    return new UserError(`${folder}: cannot be written or ${archive} be read (${code})`, { cause: error });
  return new FormatError(archive, "contents", `a damaged archive (${message})`, "remove it and download it again");
}
