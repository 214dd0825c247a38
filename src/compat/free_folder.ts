import { existsSync } from "node:fs";
import { join } from "node:path";

/** PARENT/run, or PARENT/run_2 and so on: a folder that is not there yet, since the originals write over what is. */
export function freeFolder(parent: string): string {
  const first = join(parent, "run");
  if (!existsSync(first)) return first;
  let number = 2;
  while (existsSync(`${first}_${number}`)) number++;
  return `${first}_${number}`;
}
