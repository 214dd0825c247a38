import { readFileSync, writeFileSync } from "node:fs";

/** Bytes of a line of /proc/self/status. */
function status(key) {
  const line = new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(readFileSync("/proc/self/status", "utf8"));
  return 1024 * Number(line[1]);
}

/** Resident memory now, in bytes. */
export function resident() {
  return process.memoryUsage.rss();
}

/**
 * Watches the highest resident memory from now on. Linux can set its mark back; elsewhere the mark of the whole process is all there
 * is, and only a new height is seen.
 * @returns a function that gives the highest so far, in bytes
 */
export function watchPeak() {
  try {
    writeFileSync("/proc/self/clear_refs", "5");
    return () => status("VmHWM");
  } catch {
    return () => 1024 * process.resourceUsage().maxRSS;
  }
}
