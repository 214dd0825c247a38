import { readFileSync, rmSync } from "node:fs";
import { open, readFile, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { UserError } from "../base/errors.js";
import { systemCode, unwritable } from "../base/system_error.js";

/** Name of the lock in a run's folder. */
export const lockFile = "run.lock";

/** Whose a lock is. */
interface Owner {
  readonly pid: number;
  readonly host: string;
  /** When the process began, as the system tells it; null where it does not. Tells it from a later process of the same number. */
  readonly began: string | null;
}

/** A folder that no other process trains in. */
export interface RunLock {
  release(): void;
}

const attempts = 40;
/** Milliseconds. */
const pauseMilliseconds = 25;
/** Milliseconds. */
const longestTurn = 5000;

/** Locks of this process. */
const held = new Set<string>();

/**
 * Locks a run's folder for this process. The lock of a process that has ended, on this machine, is taken over.
 * @throws UserError where a living process, or one on another machine, has it; where the folder cannot be written
 */
export async function lockRun(folder: string): Promise<RunLock> {
  const path = resolve(folder, lockFile);
  const own = JSON.stringify({ pid: process.pid, host: hostname(), began: beganAt(process.pid) } satisfies Owner);
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (await create(path, own)) return { release: () => release(path, own) };
    const found = await readFile(path, "utf8").catch(() => undefined);
    if (found === undefined) continue;
    const owner = parseOwner(found);
    if (owner !== undefined && !hasEnded(owner, path)) throw taken(folder, path, owner);
    // A process may have made the file and not yet written its name.
    if (owner !== undefined || attempt >= attempts / 2) await takeAway(path, found);
    await pause(pauseMilliseconds);
  }
  throw new UserError(`${path}: other processes take and leave this lock all the time; train in one at a time`);
}

/** Makes the lock; false where there is one. */
async function create(path: string, own: string): Promise<boolean> {
  try {
    const file = await open(path, "wx");
    // Before the name is in the file: who reads it there finds it held.
    held.add(path);
    try {
      await file.writeFile(own);
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    if (held.has(path)) release(path, own);
    throw unwritable(path, error);
  }
}

/**
 * Removes a lock that nobody holds, unless it is another one by now. One process at a time does so: two could otherwise both find the old
 * lock, and the second remove what the first has made in its place.
 */
async function takeAway(path: string, stale: string): Promise<void> {
  const turn = `${path}.turn`;
  try {
    await (await open(turn, "wx")).close();
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw unwritable(turn, error);
    const since = await stat(turn).catch(() => undefined);
    // Its process was killed in these few calls.
    if (since !== undefined && Date.now() - since.mtimeMs > longestTurn) await rm(turn, { force: true });
    return;
  }
  try {
    if ((await readFile(path, "utf8").catch(() => undefined)) === stale) await rm(path, { force: true });
  } finally {
    await rm(turn, { force: true });
  }
}

function release(path: string, own: string): void {
  try {
    const found = readFileSync(path, "utf8");
    // Empty where the disk was full.
    if (found === own || found === "") rmSync(path);
  } catch {
    // A folder that is gone or cannot be written: the lock of an ended process is taken over.
  }
  held.delete(path);
}

function taken(folder: string, path: string, { pid, host }: Owner): UserError {
  if (host === hostname())
    return new UserError(
      `${folder}: process ${pid} is training in this folder; wait until it has ended, or stop it (kill ${pid})`,
    );
  return new UserError(
    `${folder}: process ${pid} on ${host} is training in this folder, or was when ${host} went down; when it runs no more, remove ${path}`,
  );
}

/** Whether the owner runs no more; of another machine's processes nothing is known. */
function hasEnded({ pid, host, began }: Owner, path: string): boolean {
  if (host !== hostname()) return false;
  if (pid === process.pid && !held.has(path)) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs and is another user's.
    return systemCode(error) === "ESRCH";
  }
  const now = beganAt(pid);
  return began !== null && now !== null && now !== began;
}

/**
 * When a process began: the boot's identity and clock ticks since the boot, from Linux's /proc; "ended" for one that waits to be
 * collected by its parent. Null on other systems.
 */
function beganAt(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in brackets may hold blanks; state is the first field after it, the start the twentieth.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return "ended";
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${fields[19]}`;
  } catch {
    return null;
  }
}

function parseOwner(text: string): Owner | undefined {
  try {
    const { pid, host, began } = JSON.parse(text) as Record<string, unknown>;
    if (!Number.isSafeInteger(pid) || (pid as number) <= 0 || typeof host !== "string") return undefined;
    return { pid: pid as number, host, began: typeof began === "string" ? began : null };
  } catch {
    return undefined;
  }
}
