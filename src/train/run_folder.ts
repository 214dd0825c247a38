import { existsSync, readdirSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { FormatError, UserError } from "../base/errors.js";
import { disk, type FileLayer, writeAll } from "../base/file_layer.js";
import { parseJsonText } from "../base/json.js";
import { readBounded } from "../base/read_file.js";
import { unwritable } from "../base/system_error.js";
import { duplicateKey } from "../formats/json_keys.js";
import { removeTemporaries, writeFileSafely } from "../formats/write_file.js";
import { checkpointFolder, isCheckpointName } from "./checkpoint.js";
import type { Recipe } from "./recipe.js";
import { parseRecipe } from "./recipe.js";
import { lockFile, lockRun, type RunLock } from "./run_lock.js";

/** Names of what lies in a run's folder, besides its checkpoints. */
export const runFiles = {
  recipe: "recipe.json",
  log: "metrics.jsonl",
  best: "best.safetensors",
  last: "last.safetensors",
} as const;

const largestRecipe = 1 << 20;
const largestLog = 256 << 20;

/** One line of metrics.jsonl. */
export interface MetricsRecord {
  /** Optimizer steps done. */
  step: number;
  /** Mean since the line before, nats an example. */
  loss?: number;
  /** Of the training examples since the line before, a fraction. */
  accuracy?: number;
  learningRate?: number;
  validationLoss?: number;
  validationAccuracy?: number;
}

/**
 * Makes the folder of a new run, locks it and writes its recipe.
 * @throws UserError where the folder holds a run, or anything else, or cannot be written
 */
export async function createRun(folder: string, recipe: Recipe, files: FileLayer = disk): Promise<RunLock> {
  refuseUsed(folder);
  await files.makeFolder(folder).catch((error: unknown) => {
    throw unwritable(folder, error);
  });
  const lock = await lockRun(folder);
  try {
    refuseUsed(folder);
    await removeLeftovers(folder, files);
    const text = `${JSON.stringify(recipe, null, 2)}\n`;
    await writeFileSafely(join(folder, runFiles.recipe), new TextEncoder().encode(text), files);
    return lock;
  } catch (error) {
    lock.release();
    throw error;
  }
}

function refuseUsed(folder: string): void {
  if (existsSync(join(folder, runFiles.recipe)))
    throw new UserError(`${folder}: there is a run in this folder; go on with --resume ${folder}, or choose another --out`);
  // A process that was killed at its very beginning leaves a lock and the temporary file of its recipe.
  const isLeftover = (name: string): boolean => name.startsWith(lockFile) || name.startsWith(`.${runFiles.recipe}.`);
  if (existsSync(folder) && !readdirSync(folder).every(isLeftover))
    throw new UserError(`${folder}: the folder is not empty; choose another --out`);
}

/** Removes the temporary files of processes that were killed while they wrote into a run, which must be locked. */
export async function removeLeftovers(folder: string, files: FileLayer = disk): Promise<string[]> {
  const names: readonly string[] = Object.values(runFiles);
  const own = await removeTemporaries(folder, (name) => names.includes(name), files);
  return [...own, ...(await removeTemporaries(join(folder, checkpointFolder), isCheckpointName, files))];
}

/**
 * Reads a recipe.
 * @throws UserError where it cannot be read, UsageError where it is no recipe
 */
export async function readRecipe(file: string): Promise<Recipe> {
  return parseRecipe(await readRecipeValue(file), file);
}

/** Reads the JSON of a recipe without checking its options. */
export async function readRecipeValue(file: string): Promise<unknown> {
  if (!existsSync(file)) throw new UserError(`${file}: there is no such file; give a recipe as 'earshot train' writes it`);
  const bytes = await readBounded(file, largestRecipe, "a recipe has some kilobytes");
  return parseRecipeText(new TextDecoder().decode(bytes), file);
}

/**
 * The JSON of a recipe.
 * @throws FormatError with line and column, or the key that stands twice
 */
export function parseRecipeText(text: string, file: string): unknown {
  const value = parseJsonText(text, file, "a recipe is one JSON object");
  const twice = duplicateKey(text);
  if (twice !== undefined)
    throw new FormatError(file, `option ${JSON.stringify(twice.slice(0, 80))}`, "stands twice", "leave one of the two");
  return value;
}

/**
 * Appends a line to the log. A figure that is no finite number becomes null.
 * @param lasting whether to return only when all of the log is on the disk: before a checkpoint, so that it never is ahead of its log
 * @throws UserError where the system refuses
 */
export async function appendRecord(
  folder: string,
  record: MetricsRecord,
  lasting: boolean,
  files: FileLayer = disk,
): Promise<void> {
  const path = join(folder, runFiles.log);
  try {
    const file = await files.open(path, "a");
    try {
      await writeAll(file, new TextEncoder().encode(`${JSON.stringify(record)}\n`));
      if (lasting) await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** Drops the lines of the log that lie after a step: the training goes on from there. */
export async function truncateLog(folder: string, step: number, files: FileLayer = disk): Promise<void> {
  const file = join(folder, runFiles.log);
  if (!existsSync(file)) return;
  const { size } = await stat(file);
  if (size > largestLog) throw new UserError(`${file}: has ${size} bytes, at most ${largestLog} are read; move it away`);
  const text = await readFile(file, "utf8");
  const kept = text
    .split("\n")
    .filter((line) => stepOf(line) <= step)
    .map((line) => `${line}\n`)
    .join("");
  if (kept !== text) await writeFileSafely(file, new TextEncoder().encode(kept), files);
}

/** Step of a line; a line that was cut off counts as later than all. */
function stepOf(line: string): number {
  try {
    const { step } = JSON.parse(line) as { step?: unknown };
    return typeof step === "number" ? step : Infinity;
  } catch {
    return Infinity;
  }
}
