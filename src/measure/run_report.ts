import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename, isAbsolute, join, relative, resolve } from "node:path";
import { UserError } from "../base/errors.js";
import { parseJsonText } from "../base/json.js";
import { readSound } from "../signal/decode.js";
import { type EvaluationRecord, type RecordedMistake, readEvaluationFile } from "./evaluation_file.js";
import { MAX_WORST_CLIPS } from "./report/clips.js";
import type { ReportInput, ReportSummary, WorstClip } from "./report/input.js";
import { parseTrainingLog, type TrainingRecord } from "./training_log.js";

/** Names of the files of a run that a report is made from; each may be missing. */
export const EVALUATION_FILE = "evaluation.json";
export const TRAINING_LOG = "metrics.jsonl";
export const RECIPE_FILE = "recipe.json";

/** A log of a million steps has about 100 MB; the bounds keep a wrong file from filling the memory. */
const MAX_LOG_BYTES = 256 * 1024 * 1024;
const MAX_RECIPE_BYTES = 1024 * 1024;
const RATE = 16_000;

/** Where the sounds of the mistakes lie. */
export interface RunReportOptions {
  /** Folder of the data set, where it moved since the evaluation. */
  data?: string;
}

/**
 * Gathers what a run's folder holds (evaluation.json, metrics.jsonl, recipe.json) for `renderReport`.
 * A mistake whose sound cannot be read is left out, and a note says so.
 * @throws UserError where the folder holds nothing to report, FormatError where a file is damaged
 */
export async function reportOfRun(folder: string, options: RunReportOptions = {}): Promise<ReportInput> {
  if (!existsSync(folder)) throw new UserError(`${folder}: there is no such folder; give the folder of a training run`);
  const evaluationPath = join(folder, EVALUATION_FILE);
  const record = existsSync(evaluationPath) ? await readEvaluationFile(evaluationPath) : undefined;
  const training = await readTrainingLog(join(folder, TRAINING_LOG));
  if (record === undefined && training === undefined) {
    const remedy = "give the folder of a training run";
    throw new UserError(`${folder}: holds neither ${EVALUATION_FILE} nor ${TRAINING_LOG}; ${remedy}`);
  }
  const recipe = await readRecipe(join(folder, RECIPE_FILE));
  const clips = record === undefined ? { sounds: [], notes: [] } : await readMistakes(record, options.data ?? record.data);
  const missing = record === undefined ? [`Not evaluated yet: there is no ${EVALUATION_FILE} in the run's folder.`] : [];
  return {
    title: record?.model ?? basename(resolve(folder)),
    summary: record === undefined ? await summaryWithoutEvaluation(folder) : summaryOf(record),
    evaluation: record?.evaluation,
    training,
    recipe,
    worstClips: clips.sounds,
    notes: [...(record?.notes ?? []), ...missing, ...clips.notes],
  };
}

function summaryOf(record: EvaluationRecord): ReportSummary {
  const { model, parameters, multiplyAccumulates, bytes, data, split, seed, date, versions } = record;
  return { model, parameters, multiplyAccumulates, bytes, data, split, seed, date, versions };
}

async function summaryWithoutEvaluation(folder: string): Promise<ReportSummary> {
  const { mtime } = await stat(join(folder, TRAINING_LOG));
  return { model: basename(resolve(folder)), date: mtime.toISOString(), versions: {} };
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

async function readMistakes(record: EvaluationRecord, data: string): Promise<{ sounds: WorstClip[]; notes: string[] }> {
  const sounds: WorstClip[] = [];
  const failures: string[] = [];
  for (const mistake of record.mistakes.slice(0, MAX_WORST_CLIPS)) {
    const path = isAbsolute(mistake.path) ? mistake.path : join(data, mistake.path);
    try {
      const sound = await readSound(path, { rate: RATE });
      sounds.push({ ...mistake, name: nameWithin(data, path), samples: piece(sound.samples, mistake), sampleRate: RATE });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      failures.push(error.message);
    }
  }
  const verb = failures.length === 1 ? "is" : "are";
  const note = `${failures.length} of the worst clips ${verb} not shown: ${failures[0]}. Name the data set's folder with --data if it moved.`;
  return { sounds, notes: failures.length === 0 ? [] : [note] };
}

function piece(samples: Float32Array, { start = 0, end }: RecordedMistake): Float32Array {
  return samples.subarray(Math.round(start * RATE), end === undefined ? undefined : Math.round(end * RATE));
}

/** The path as the data set calls it; a path outside of it stays whole. */
function nameWithin(data: string, path: string): string {
  const inside = relative(data, path);
  return inside.startsWith("..") || isAbsolute(inside) ? path : inside;
}
