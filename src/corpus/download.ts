import { createHash } from "node:crypto";
import { createReadStream, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { UserError } from "../base/errors.js";
import { makeFolderSync } from "../base/make_folder.js";

/** How a file is downloaded. */
export interface DownloadOptions {
  /** SHA-256 in hex that the file must have. */
  sha256?: string | undefined;
  /** Attempts in a row that may bring nothing before giving up. Default 5. */
  attempts?: number | undefined;
  /** Milliseconds without a byte after which an attempt is given up. Default 30,000. */
  idleMilliseconds?: number | undefined;
  /** Milliseconds before the second attempt; doubled each time, at most 30 s. Default 1,000. */
  pauseMilliseconds?: number | undefined;
  /** Most bytes accepted. Default 64 GiB. */
  maxBytes?: number | undefined;
  /** Called with bytes done and, where the server says it, bytes in all. */
  onProgress?: ((done: number, total: number | undefined) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** What is known of a part that is on disk: resuming needs the same version on the server. */
interface PartState {
  url: string;
  /** ETag or Last-Modified of the server. */
  validator: string;
}

/** An attempt that broke but may be repeated. */
class BrokenOff extends Error {
  override readonly name = "BrokenOff";
}

/**
 * Downloads a file; what is there after an interruption is kept in PATH.part and continued by a Range request, within one call and
 * by the next. The file appears under its name only when it is whole and its checksum is right.
 * @throws UserError for an address, answer, checksum or disk that is wrong, or when the connection keeps breaking
 */
export async function downloadFile(url: string, path: string, options: DownloadOptions = {}): Promise<void> {
  checkUrl(url);
  makeFolderSync(dirname(path));
  const attempts = options.attempts ?? 5;
  for (let failed = 0; ; ) {
    const before = partSize(path);
    try {
      await attempt(url, path, options);
      break;
    } catch (error) {
      if (!(error instanceof BrokenOff)) throw error;
      failed = partSize(path) > before ? 1 : failed + 1;
      if (failed >= attempts) {
        throw new UserError(
          `${url}: ${error.message} (${failed} attempts); ${partSize(path)} bytes are kept, run the command again to continue`,
          { cause: error },
        );
      }
      await pause(Math.min(30_000, (options.pauseMilliseconds ?? 1000) * 2 ** (failed - 1)), options.signal);
    }
  }
  await finish(url, path, options.sha256);
}

/** SHA-256 of a file, in hex. */
export async function fileSha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

function checkUrl(url: string): void {
  const protocol = URL.canParse(url) ? new URL(url).protocol : "";
  if (protocol !== "http:" && protocol !== "https:")
    throw new UserError(`'${url}' is no http or https address; give the address of a .tar.gz`);
}

/** One request: the rest of the part, or the whole file. */
async function attempt(url: string, path: string, options: DownloadOptions): Promise<void> {
  const state = readState(path, url);
  const have = state === undefined ? 0 : partSize(path);
  const abort = new AbortController();
  const timer = new IdleTimer(options.idleMilliseconds ?? 30_000, abort);
  const stop = () => abort.abort(options.signal?.reason);
  options.signal?.addEventListener("abort", stop);
  try {
    if (options.signal?.aborted === true) throw new UserError(`${url}: stopped; run the command again to continue`);
    // The bytes as they lie on the server: a compressed transfer could not be resumed.
    const headers: Record<string, string> = { "accept-encoding": "identity" };
    if (have > 0 && state !== undefined) Object.assign(headers, { range: `bytes=${have}-`, "if-range": state.validator });
    const response = await fetch(url, { headers, signal: abort.signal });
    await receive(url, path, response, have, options, timer);
  } catch (error) {
    if (options.signal?.aborted === true)
      throw new UserError(`${url}: stopped after ${partSize(path)} bytes; run the command again to continue`);
    if (error instanceof UserError || error instanceof BrokenOff) throw error;
    throw diskError(path, error) ?? new BrokenOff(networkReason(error), { cause: error });
  } finally {
    timer.stop();
    options.signal?.removeEventListener("abort", stop);
  }
}

async function receive(
  url: string,
  path: string,
  response: Response,
  have: number,
  options: DownloadOptions,
  timer: IdleTimer,
): Promise<void> {
  const place = startOf(url, path, response, have);
  const length = response.headers.get("content-encoding") === null ? numberOf(response.headers.get("content-length")) : undefined;
  const total = length === undefined ? undefined : place + length;
  const most = options.maxBytes ?? 2 ** 36;
  if ((total ?? 0) > most)
    throw new UserError(`${url}: the file has ${total} bytes and at most ${most} are downloaded; check the address`);
  if (place === 0) writeState(path, url, response);
  const file = await open(`${path}.part`, place === 0 ? "w" : "a");
  let done = place;
  try {
    for await (const chunk of response.body ?? []) {
      timer.touch();
      done += chunk.length;
      if (done > most || done > (total ?? Infinity))
        throw new UserError(`${url}: the server sends more than the ${total ?? most} bytes allowed`);
      await writeAll(file, chunk);
      options.onProgress?.(done, total);
    }
  } finally {
    await file.close();
  }
  if (total !== undefined && done < total) throw new BrokenOff(`the connection broke off after ${done} of ${total} bytes`);
}

/** Checks the answer and says at which byte its body begins. */
function startOf(url: string, path: string, response: Response, have: number): number {
  const { status } = response;
  if (status === 206) {
    const range = /^bytes (\d+)-\d+\/(?:\d+|\*)$/.exec(response.headers.get("content-range") ?? "");
    if (range !== null && Number(range[1]) === have) return have;
    dropPart(path);
    throw new BrokenOff("the server sent another range than was asked for");
  }
  if (status === 200) return 0; // the whole file: the server ignores ranges, or the file has changed
  if (status === 416) {
    dropPart(path);
    throw new BrokenOff("the part on disk does not fit the file on the server");
  }
  if (status === 408 || status === 429 || status >= 500) throw new BrokenOff(`the server answered ${status}`);
  throw new UserError(
    `${url}: the server answered ${status}${status === 404 ? " (not found)" : ""}; check the address, or give another with --url`,
  );
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.length; ) done += (await file.write(chunk, done)).bytesWritten;
}

async function finish(url: string, path: string, sha256: string | undefined): Promise<void> {
  if (sha256 !== undefined) {
    const found = await fileSha256(`${path}.part`);
    if (found !== sha256.toLowerCase()) {
      dropPart(path);
      throw new UserError(
        `${url}: the checksum is wrong (SHA-256 ${found}, expected ${sha256}); the file was removed, download it again`,
      );
    }
  }
  renameSync(`${path}.part`, path);
  rmSync(`${path}.part.json`, { force: true });
}

function partSize(path: string): number {
  return statSync(`${path}.part`, { throwIfNoEntry: false })?.size ?? 0;
}

function dropPart(path: string): void {
  for (const name of [`${path}.part`, `${path}.part.json`]) rmSync(name, { force: true });
}

function readState(path: string, url: string): PartState | undefined {
  if (!existsSync(`${path}.part.json`)) return undefined;
  try {
    const state = JSON.parse(readFileSync(`${path}.part.json`, "utf8")) as PartState;
    return state.url === url && typeof state.validator === "string" && /^[\x20-\x7e]+$/.test(state.validator) ? state : undefined;
  } catch {
    return undefined; // a note that cannot be read is no note: start again
  }
}

/** Without a validator the part could belong to another version, so it is not resumed. */
function writeState(path: string, url: string, response: Response): void {
  const tag = response.headers.get("etag");
  const validator = tag !== null && !tag.startsWith("W/") ? tag : response.headers.get("last-modified");
  if (validator === null) rmSync(`${path}.part.json`, { force: true });
  else writeFileSync(`${path}.part.json`, JSON.stringify({ url, validator } satisfies PartState));
}

function numberOf(text: string | null): number | undefined {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function diskError(path: string, error: unknown): UserError | undefined {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  const reasons: Record<string, string> = {
    ENOSPC: "the disk is full; free some room and run the command again",
    EACCES: "the file may not be written; check the permissions of the folder",
    EROFS: "the file system is read-only; choose another folder",
    EIO: "the disk reports an error",
  };
  return reasons[code] === undefined ? undefined : new UserError(`${path}: ${reasons[code]}`, { cause: error });
}

function networkReason(error: unknown): string {
  const cause = (error as { cause?: { code?: string; message?: string } }).cause;
  if ((error as Error).name === "AbortError") return "the server sent nothing for too long";
  return `the connection failed (${cause?.code ?? cause?.message ?? (error as Error).message})`;
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    }
    signal?.addEventListener("abort", done);
  });
}

/** Aborts an attempt when nothing has come for a while. */
class IdleTimer {
  readonly #milliseconds: number;
  readonly #abort: AbortController;
  #timer: NodeJS.Timeout | undefined;

  constructor(milliseconds: number, abort: AbortController) {
    this.#milliseconds = milliseconds;
    this.#abort = abort;
    this.touch();
  }

  touch(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#abort.abort(), this.#milliseconds);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
