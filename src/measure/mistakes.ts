import { argmaxOfRow } from "./metrics.js";

/** A clip that was labelled wrongly. Scores are probabilities. */
export interface Mistake {
  /** Place of the clip in the evaluated order. */
  clip: number;
  /** Index of the true label. */
  truth: number;
  /** Index of the label given instead. */
  predicted: number;
  /** Score of the label given. */
  score: number;
  /** Score of the true label. */
  truthScore: number;
}

/**
 * The most confident mistakes, worst first; equal confidence keeps the order of the clips.
 * @param truth label index of each clip, shape [clips]
 * @param probabilities shape [clips, labels], row by row
 * @param limit largest number of mistakes returned
 */
export function worstMistakes(
  truth: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  labels: number,
  limit: number,
): Mistake[] {
  const mistakes: Mistake[] = [];
  for (let clip = 0; clip < truth.length; clip++) {
    const predicted = argmaxOfRow(probabilities, clip, labels);
    const right = truth[clip] as number;
    if (predicted === right) continue;
    const score = probabilities[clip * labels + predicted] as number;
    mistakes.push({ clip, truth: right, predicted, score, truthScore: probabilities[clip * labels + right] as number });
  }
  mistakes.sort((a, b) => b.score - a.score || a.clip - b.clip);
  return mistakes.slice(0, limit);
}
