import type { TrainingTime } from "../evaluation_file.js";
import type { McNemarResult } from "../mcnemar.js";
import type { Evaluation } from "../metrics.js";
import type { SeedSummary } from "../seeds.js";
import type { TrainingRecord } from "../training_log.js";

/** One of several runs that are compared. Only what is known is shown. */
export interface ComparedRun {
  /** Its folder, as short as it is unmistakable. */
  name: string;
  /** Network. */
  model?: string | undefined;
  parameters?: number | undefined;
  /** Of one inference, without the front end. */
  multiplyAccumulates?: number | undefined;
  /** Folder of the data set and its part that was measured. */
  data?: string | undefined;
  split?: string | undefined;
  seed?: number | undefined;
  /** Optimizer steps done. */
  steps?: number | undefined;
  time?: TrainingTime | undefined;
  evaluation?: Evaluation | undefined;
  training?: readonly TrainingRecord[] | undefined;
  /** Against the first run; undefined where it is not known that both judged the same clips. */
  againstFirst?: McNemarResult | undefined;
}

/** Runs that differ in their seed alone. */
export interface SeedGroup {
  /** Places among the runs. */
  members: readonly number[];
  accuracy: SeedSummary;
}

/** All that a comparison shows, as plain data. */
export interface ComparisonInput {
  /** Two to 26: each has a letter. */
  runs: readonly ComparedRun[];
  seedGroups: readonly SeedGroup[];
  notes: readonly string[];
  /** Of earshot. */
  version: string;
}

/** Colours in the style sheet. */
const COLOURS = 7;

/** The letter that stands for a run throughout the page. */
export const letterOf = (run: number): string => String.fromCharCode(65 + run);

/** CSS classes of a run: seven colours, then the same ones dashed, then dotted. */
export function lookOf(run: number): string {
  const dashes = ["", " dashed", " dotted", " dashed"][Math.floor(run / COLOURS)] as string;
  return `run${run % COLOURS}${dashes}`;
}
