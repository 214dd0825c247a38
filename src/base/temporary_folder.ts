import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemCode } from "./system_error.js";

const name = /^earshot-[a-z]+-(\d+)-[A-Za-z0-9]{6}$/;

/** Milliseconds that a folder is left alone whatever its process: one in another container may be alive and not seen here. */
const leftAlone = 3_600_000;

/**
 * Makes a folder `earshot-KIND-PROCESS-RANDOM` for files that nobody keeps; whoever asks for it removes it. Those that killed processes
 * left are removed on the way, since nobody else would.
 * @param kind lower-case letters
 */
export function makeTemporaryFolder(kind: string, parent: string = tmpdir()): string {
  removeAbandoned(parent);
  return mkdtempSync(join(parent, `earshot-${kind}-${process.pid}-`));
}

function removeAbandoned(parent: string): void {
  try {
    for (const entry of readdirSync(parent)) {
      const pid = name.exec(entry)?.[1];
      if (pid === undefined || isAlive(Number(pid))) continue;
      const path = join(parent, entry);
      if (Date.now() - statSync(path).mtimeMs > leftAlone) rmSync(path, { recursive: true, force: true });
    }
  } catch {
    // Other people's folders, or another process that removes the same: nothing that the work at hand depends on.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) !== "ESRCH";
  }
}
