import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { appendFile, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../base/errors.js";
import { writeFileSafely } from "../formats/write_file.js";
import type { Recipe } from "./recipe.js";
import { parseRecipe } from "./recipe.js";

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
 * Makes the folder of a new run and writes its recipe.
 * @throws UserError where the folder holds a run, or anything else
 */
export async function createRun(folder: string, recipe: Recipe): Promise<void> {
  if (existsSync(join(folder, runFiles.recipe)))
    throw new UserError(`${folder}: there is a run in this folder; go on with --resume ${folder}, or choose another --out`);
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new UserError(`${folder}: the folder is not empty; choose another --out`);
  mkdirSync(folder, { recursive: true });
  await writeFileSafely(join(folder, runFiles.recipe), new TextEncoder().encode(`${JSON.stringify(recipe, null, 2)}\n`));
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
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) throw new UserError(`${file}: there is no such file; give a recipe as 'earshot train' writes it`);
  if (found.size > largestRecipe) throw new UserError(`${file}: has ${found.size} bytes; a recipe has some kilobytes`);
  try {
    return JSON.parse(await readFile(file, "utf8")) as unknown;
  } catch (error) {
    throw new UserError(`${file}: ${(error as Error).message}; a recipe is one JSON object`, { cause: error });
  }
}

/** Appends a line to the log. A figure that is no finite number becomes null. */
export async function appendRecord(folder: string, record: MetricsRecord): Promise<void> {
  await appendFile(join(folder, runFiles.log), `${JSON.stringify(record)}\n`);
}

/** Drops the lines of the log that lie after a step: the training goes on from there. */
export async function truncateLog(folder: string, step: number): Promise<void> {
  const file = join(folder, runFiles.log);
  if (!existsSync(file)) return;
  const { size } = await stat(file);
  if (size > largestLog) throw new UserError(`${file}: has ${size} bytes, at most ${largestLog} are read; move it away`);
  const kept = (await readFile(file, "utf8")).split("\n").filter((line) => stepOf(line) <= step);
  await writeFileSafely(file, new TextEncoder().encode(kept.map((line) => `${line}\n`).join("")));
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
