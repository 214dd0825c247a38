import type { Origin } from "./checkpoint.js";

/** What may make the bits of a resumed training differ from an uninterrupted one's: a line for each thing that has changed. */
export function originNotes(before: Origin, now: Origin): string[] {
  return (["machine", "target", "version", "node", "data"] as const)
    .filter((key) => before[key] !== now[key])
    .map((key) => {
      const what = `${key} differs from the checkpoint's (${before[key]}, now ${now[key]})`;
      return key === "data"
        ? `${what}: the training goes on with other clips`
        : `${what}: the result equals an uninterrupted one to rounding only`;
    });
}
