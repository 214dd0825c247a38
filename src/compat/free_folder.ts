import { existsSync } from "node:fs";
import { join } from "node:path";

/** `run` in a folder, or the first `run_N` that is not there: the originals train into a folder again and again. */
export function freeFolder(parent: string): string {
  const first = join(parent, "run");
  if (!existsSync(first)) return first;
  let number = 2;
  while (existsSync(`${first}_${number}`)) number++;
  return `${first}_${number}`;
}
