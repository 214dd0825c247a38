import { realpathSync } from "node:fs";
import { UsageError } from "../base/errors.js";

/**
 * A command that makes another file of one does not write over the one that it reads.
 * @param input the file that is read
 * @param out the file to write, as it was named; undefined where nothing is written
 * @throws UsageError where both are the same file, be it by another path or a link
 */
export function refuseReplacing(input: string, out: string | undefined): void {
  if (out === undefined) return;
  const written = placeOf(out);
  if (written !== undefined && written === placeOf(input))
    throw new UsageError(`--out ${out}: would replace ${input}, which is read; give another name`);
}

/** Where a path leads; undefined where nothing is there. */
function placeOf(path: string): string | undefined {
  try {
    // The system's own function gives a file's name as it is spelled on disks that ignore the case.
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
}
