import { join, resolve } from "node:path";
import { writeFileSafely } from "../formats/write_file.js";
import { archiveRoots } from "../train/frontends.js";
import { runFiles } from "../train/run_folder.js";
import type { TrainingOutcome } from "../train/training_outcome.js";
import { openArrayFeatures } from "./array_features.js";
import { evaluateSpotter } from "./evaluate.js";
import { recordOfEvaluation, writeEvaluationFile } from "./evaluation_file.js";
import type { Evaluation } from "./metrics.js";
import { renderReport } from "./report.js";
import { EVALUATION_FILE } from "./read_run.js";
import { reportOfRun } from "./run_report.js";
import { openSpotter } from "./spotter.js";

/** What was measured when a training was over. */
export interface FinishedRun {
  /** Path of the best model. */
  model: string;
  split: string;
  evaluation: Evaluation | null;
  /** Path of the page; null where there was nothing to measure. */
  report: string | null;
}

/** Measures the best model of a training, and writes evaluation.json and report.html into the run's folder. */
export async function finishRun(
  outcome: TrainingOutcome,
  options: {
    onProgress?: (done: number, total: number) => void;
    target?: "oracle" | "wasm" | "native" | "auto" | undefined;
  } = {},
): Promise<FinishedRun> {
  const { run, measured, recipe } = outcome;
  const path = join(run, runFiles.best);
  if (measured.sets.length === 0) return { model: path, split: measured.split, evaluation: null, report: null };
  const spotter = await openSpotter(path, { target: options.target });
  const roots = archiveRoots(measured.sets);
  const arrays = roots.size > 0 ? await openArrayFeatures(spotter, roots) : undefined;
  try {
    const arraysToFeatures = arrays === undefined ? undefined : (values: Float32Array, count: number) => arrays.of(values, count);
    const result = await evaluateSpotter(spotter, measured.sets, { ...options, arraysToFeatures });
    const where = {
      model: recipe.model.name,
      ...spotter.size,
      data: resolve(recipe.data.at(-1)?.path ?? "."),
      split: measured.split,
      seed: recipe.seed,
      training: { seconds: outcome.seconds, from: outcome.resumedFrom },
      versions: { earshot: outcome.origin.version, node: outcome.origin.node },
      notes: outcome.notes,
    };
    await writeEvaluationFile(join(run, EVALUATION_FILE), recordOfEvaluation(where, result));
    const report = join(run, "report.html");
    await writeFileSafely(report, Buffer.from(renderReport(await reportOfRun(run))));
    return { model: path, split: measured.split, evaluation: result.evaluation, report };
  } finally {
    arrays?.close();
    spotter.close();
  }
}
