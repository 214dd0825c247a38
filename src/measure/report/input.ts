import type { DetectionRecord } from "../detection_file.js";
import type { TrainingTime } from "../evaluation_file.js";
import type { Evaluation } from "../metrics.js";
import type { TrainingRecord } from "../training_log.js";

/** Who was measured, on what, with what. Only what is known is shown. */
export interface ReportSummary {
  /** Name of the network or of the model file. */
  model: string;
  /** Trainable parameters. */
  parameters?: number;
  /** Multiply-accumulates of one inference, without the front end unless a note says otherwise. */
  multiplyAccumulates?: number;
  /** Size of the model file in bytes. */
  bytes?: number;
  /** Folder or name of the data set. */
  data?: string;
  /** Which part of the data was measured ("testing"). */
  split?: string;
  seed?: number;
  training?: TrainingTime;
  /** When it was measured, ISO 8601. */
  date: string;
  /** Program -> version ("earshot", "node", ...). */
  versions: Record<string, string>;
}

/** A mistake that can be looked at and listened to. */
export interface WorstClip {
  /** How the clip is called in its data set. */
  name: string;
  /** True label. */
  truth: string;
  /** Label that the model gave. */
  predicted: string;
  /** Probability of the label given. */
  score: number;
  /** Probability of the true label. */
  truthScore: number;
  /** Mono, -1..1; only the first seconds are shown. */
  samples: Float32Array;
  /** Hz. */
  sampleRate: number;
}

/** All that a report shows, as plain data. Sections whose data is missing are left out. */
export interface ReportInput {
  title: string;
  summary: ReportSummary;
  evaluation?: Evaluation;
  training?: readonly TrainingRecord[];
  /** Most confident first; at most 12 are shown. */
  worstClips?: readonly WorstClip[];
  /** Measured on a long recording. */
  detection?: DetectionRecord;
  /** Resolved recipe of the run, shown folded as JSON. */
  recipe?: unknown;
  /** Sentences under the summary: what limits the figures. */
  notes?: readonly string[];
}
