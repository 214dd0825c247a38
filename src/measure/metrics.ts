import { invariant, UserError } from "../base/errors.js";
import { wilsonInterval } from "./interval.js";

/** What one label got right and wrong. A ratio whose denominator is zero is null: unknown is not zero. */
export interface ClassMetrics {
  label: string;
  /** Clips that truly have this label. */
  clips: number;
  /** Correct / predicted as this label; null where the label was never predicted. */
  precision: number | null;
  /** Correct / clips of this label; null where no clip has it. */
  recall: number | null;
  /** Harmonic mean of both; null where the label neither occurs nor was predicted. */
  f1: number | null;
}

/** The measurement of one model on one split; every clip counts. */
export interface Evaluation {
  /** Correct clips / clips, a fraction. */
  accuracy: number;
  /** 95 % interval of the accuracy (Wilson 1927), fractions. */
  interval: [low: number, high: number];
  clips: number;
  labels: string[];
  perClass: ClassMetrics[];
  /** Counts, [truth][predicted]. */
  confusion: number[][];
  /** Mean cross-entropy in nats a clip, where scores were given. */
  loss?: number;
}

/** How scores are meant: probabilities sum to one, logits go through a softmax first. */
export type ScoreKind = "probabilities" | "logits";

/** A probability of zero for the truth would make the mean loss infinite; float32 softmax does reach zero. */
const SMALLEST_PROBABILITY = 1e-30;

/**
 * Index of the largest score of a row; the lowest index wins a tie, as in NumPy and TensorFlow.
 * @param scores shape [clips, labels], row by row
 * @throws UserError where a score is not a number
 */
export function argmaxOfRow(scores: ArrayLike<number>, row: number, width: number): number {
  let best = 0;
  let bestScore = -Infinity;
  for (let i = 0; i < width; i++) {
    const score = scores[row * width + i] as number;
    if (Number.isNaN(score)) {
      throw new UserError(`clip ${row}: the model's score for label ${i} is not a number; its weights or input hold NaN`);
    }
    if (score > bestScore) {
      bestScore = score;
      best = i;
    }
  }
  return best;
}

/**
 * Measures scores against the truth.
 * @param truth index of the true label of each clip, shape [clips]
 * @param scores shape [clips, labels], row by row
 * @throws UserError where there are no clips, a score is NaN, or truth, scores and labels do not go together
 */
export function evaluateScores(
  truth: ArrayLike<number>,
  scores: ArrayLike<number>,
  labels: readonly string[],
  kind: ScoreKind = "probabilities",
): Evaluation {
  const width = labels.length;
  if (scores.length !== truth.length * width)
    throw new UserError(`${scores.length} scores for ${truth.length} clips of ${width} labels`);
  const predicted = new Int32Array(truth.length);
  let loss = 0;
  for (let clip = 0; clip < truth.length; clip++) {
    predicted[clip] = argmaxOfRow(scores, clip, width);
    loss -= logProbability(scores, clip, width, truth[clip] as number, predicted[clip] as number, kind);
  }
  const evaluation = evaluatePredictions(truth, predicted, labels);
  evaluation.loss = loss / truth.length;
  return evaluation;
}

/**
 * Measures predicted labels against the truth, both as indices into `labels`.
 * @throws UserError where there are no clips
 */
export function evaluatePredictions(
  truth: ArrayLike<number>,
  predicted: ArrayLike<number>,
  labels: readonly string[],
): Evaluation {
  invariant(truth.length === predicted.length, `${predicted.length} predictions for ${truth.length} clips`);
  const confusion = labels.map(() => Array.from({ length: labels.length }, () => 0));
  for (let clip = 0; clip < truth.length; clip++) {
    const row = confusion[truth[clip] as number];
    const column = predicted[clip] as number;
    if (row === undefined || row[column] === undefined)
      throw new UserError(`clip ${clip}: label ${row ? column : truth[clip]} is none of 0 to ${labels.length - 1}`);
    row[column] = (row[column] as number) + 1;
  }
  return evaluationOfConfusion(confusion, labels);
}

/**
 * Everything that follows from the counts alone.
 * @param confusion counts, [truth][predicted]
 * @throws UserError where all counts are zero
 */
export function evaluationOfConfusion(confusion: number[][], labels: readonly string[]): Evaluation {
  const clips = confusion.reduce((sum, row) => sum + total(row), 0);
  if (clips === 0) throw new UserError("there is no clip to evaluate; check --data and --split");
  const correct = confusion.reduce((sum, row, i) => sum + (row[i] as number), 0);
  return {
    accuracy: correct / clips,
    interval: wilsonInterval(correct, clips),
    clips,
    labels: [...labels],
    perClass: labels.map((label, i) => classMetrics(confusion, i, label)),
    confusion,
  };
}

function classMetrics(confusion: number[][], index: number, label: string): ClassMetrics {
  const correct = (confusion[index] as number[])[index] as number;
  const clips = total(confusion[index] as number[]);
  const predicted = confusion.reduce((sum, row) => sum + (row[index] as number), 0);
  return {
    label,
    clips,
    precision: ratio(correct, predicted),
    recall: ratio(correct, clips),
    f1: ratio(2 * correct, clips + predicted),
  };
}

function logProbability(
  scores: ArrayLike<number>,
  row: number,
  width: number,
  truth: number,
  largest: number,
  kind: ScoreKind,
): number {
  const of = (i: number): number => scores[row * width + i] as number;
  if (kind === "probabilities") return Math.log(Math.max(of(truth), SMALLEST_PROBABILITY));
  let sum = 0;
  for (let i = 0; i < width; i++) sum += Math.exp(of(i) - of(largest));
  return of(truth) - of(largest) - Math.log(sum);
}

const ratio = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
const total = (row: readonly number[]): number => row.reduce((sum, count) => sum + count, 0);
