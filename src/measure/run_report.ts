import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, isAbsolute, join, relative, resolve } from "node:path";
import { UserError } from "../base/errors.js";
import { readSound } from "../signal/decode.js";
import { DETECTION_FILE, readDetectionFile } from "./detection_file.js";
import type { EvaluationRecord, RecordedMistake } from "./evaluation_file.js";
import { EVALUATION_FILE, readRun, TRAINING_LOG } from "./read_run.js";
import { MAX_WORST_CLIPS } from "./report/clips.js";
import type { ReportInput, ReportSummary, WorstClip } from "./report/input.js";

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
  const { record, training, recipe } = await readRun(folder);
  const clips = record === undefined ? { sounds: [], notes: [] } : await readMistakes(record, options.data ?? record.data);
  const missing = record === undefined ? [`Not evaluated yet: there is no ${EVALUATION_FILE} in the run's folder.`] : [];
  const detectionFile = join(folder, DETECTION_FILE);
  const detection = existsSync(detectionFile) ? await readDetectionFile(detectionFile) : undefined;
  return {
    title: record?.model ?? basename(resolve(folder)),
    summary: record === undefined ? await summaryWithoutEvaluation(folder) : summaryOf(record),
    evaluation: record?.evaluation,
    training,
    recipe,
    ...(detection === undefined ? {} : { detection }),
    worstClips: clips.sounds,
    notes: [...(record?.notes ?? []), ...missing, ...clips.notes],
  };
}

function summaryOf(record: EvaluationRecord): ReportSummary {
  const { model, parameters, multiplyAccumulates, bytes, data, split, seed, training, date, versions } = record;
  return { model, parameters, multiplyAccumulates, bytes, data, split, seed, training, date, versions };
}

async function summaryWithoutEvaluation(folder: string): Promise<ReportSummary> {
  const { mtime } = await stat(join(folder, TRAINING_LOG));
  return { model: basename(resolve(folder)), date: mtime.toISOString(), versions: {} };
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
