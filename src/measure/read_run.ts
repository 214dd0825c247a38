import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../base/errors.js";
import { parseJsonText } from "../base/json.js";
import { type EvaluationRecord, readEvaluationFile } from "./evaluation_file.js";
import { parseTrainingLog, type TrainingRecord } from "./training_log.js";

/** Names of the files of a run that a report is made from; each may be missing. */
export const EVALUATION_FILE = "evaluation.json";
export const TRAINING_LOG = "metrics.jsonl";
export const RECIPE_FILE = "recipe.json";

/** A log of a million steps has about 100 MB; the bounds keep a wrong file from filling the memory. */
const MAX_LOG_BYTES = 256 * 1024 * 1024;
const MAX_RECIPE_BYTES = 1024 * 1024;

/** What a run's folder holds; at least one of evaluation and training is there. */
export interface RunRecords {
  record?: EvaluationRecord | undefined;
  training?: TrainingRecord[] | undefined;
  /** As JSON gave it. */
  recipe?: unknown;
}

/**
 * Reads evaluation.json, metrics.jsonl and recipe.json of a run.
 * @throws UserError where the folder holds nothing to report, FormatError where a file is damaged
 */
export async function readRun(folder: string): Promise<RunRecords> {
  if (!existsSync(folder)) throw new UserError(`${folder}: there is no such folder; give the folder of a training run`);
  const evaluationPath = join(folder, EVALUATION_FILE);
  const record = existsSync(evaluationPath) ? await readEvaluationFile(evaluationPath) : undefined;
  const training = await readTrainingLog(join(folder, TRAINING_LOG));
  if (record === undefined && training === undefined) {
    const remedy = "give the folder of a training run";
    throw new UserError(`${folder}: holds neither ${EVALUATION_FILE} nor ${TRAINING_LOG}; ${remedy}`);
  }
  return { record, training, recipe: await readRecipe(join(folder, RECIPE_FILE)) };
}

/** The network and the seed that a run's recipe names; nothing where the folder has no recipe. */
export async function recipeOfRun(folder: string): Promise<ReturnType<typeof ofRecipe>> {
  return ofRecipe(await readRecipe(join(folder, RECIPE_FILE)));
}

/** What a report takes from a recipe, as far as it is there. */
export function ofRecipe(recipe: unknown): { model?: string; seed?: number } {
  if (typeof recipe !== "object" || recipe === null) return {};
  const { model, seed } = recipe as { model?: { name?: unknown } | null; seed?: unknown };
  return {
    ...(typeof model?.name === "string" ? { model: model.name } : {}),
    ...(typeof seed === "number" ? { seed } : {}),
  };
}

async function readTrainingLog(path: string): Promise<TrainingRecord[] | undefined> {
  if (!existsSync(path)) return undefined;
  return parseTrainingLog(await readBounded(path, MAX_LOG_BYTES), path);
}

async function readRecipe(path: string): Promise<unknown> {
  if (!existsSync(path)) return undefined;
  return parseJsonText(await readBounded(path, MAX_RECIPE_BYTES), path, "mend or remove it");
}

async function readBounded(path: string, limit: number): Promise<string> {
  const { size } = await stat(path);
  if (size > limit) throw new UserError(`${path}: has ${size} bytes, at most ${limit} are read; is it the right file?`);
  return readFile(path, "utf8");
}
