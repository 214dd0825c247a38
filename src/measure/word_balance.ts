import { invariant } from "../base/errors.js";
import { unknownLabel } from "../corpus/clip.js";
import type { Model } from "../formats/model.js";
import { labelLayer } from "../train/pretrained.js";
import { isKeyword } from "./keyword_decision.js";
import { chooseThreshold, type NearText, type OwnWordsScores } from "./own_words.js";

/** The threshold that every word has after `wordShifts`. */
export const balancedThreshold = 0.5;

/**
 * What to add to the logit of each label so that one threshold, a half, suits each word alone: a word with unusual phones is heard lower
 * than another one by everybody. What suits a word lies halfway, in its logit, between the mean of its best thresholds for several strangers
 * and that for known voices: the models that hear the strangers know one voice less than this one, and strangers differ from each other by
 * more than one training from another.
 * @param strange for each of several voices its scores by a model that was not trained on it
 * @param known scores of voices that the model was trained on
 */
export function wordShifts(strange: readonly OwnWordsScores[], known: OwnWordsScores, near: readonly NearText[]): number[] {
  const best = (scores: OwnWordsScores, column: number): number => logit(chooseThreshold(onlyWord(scores, column), near));
  return known.labels.map((label, column) => {
    if (!isKeyword(label)) return 0;
    const stranger = meanOf(strange.map((scores) => best(scores, column)));
    return logit(balancedThreshold) - (stranger + best(known, column)) / 2;
  });
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const logit = (probability: number): number => Math.log(probability / (1 - probability));

/** The scores of one word against everything that is no keyword. */
function onlyWord({ labels, clips, probabilities }: OwnWordsScores, column: number): OwnWordsScores {
  const rows = [...clips.keys()].filter((row) => !isKeyword(clips[row].label) || clips[row].label === labels[column]);
  return {
    labels: [unknownLabel, labels[column]],
    clips: rows.map((row) => clips[row]),
    probabilities: Float32Array.from(
      rows.flatMap((row) => {
        const own = probabilities[row * labels.length + column];
        return [1 - own, own];
      }),
    ),
  };
}

/** The scores of the model whose logits are moved: each probability times e^shift, and their sum one again. */
export function shiftScores(scores: OwnWordsScores, shifts: readonly number[]): OwnWordsScores {
  const width = scores.labels.length;
  const probabilities = scores.probabilities.slice();
  for (let row = 0; row < probabilities.length; row += width) {
    const moved = shifts.map((shift, i) => probabilities[row + i] * Math.exp(shift));
    const sum = moved.reduce((total, value) => total + value, 0);
    for (const [i, value] of moved.entries()) probabilities[row + i] = value / sum;
  }
  return { ...scores, probabilities };
}

/** The model with its logits moved, in the bias of its label layer. */
export function shiftModel(model: Model, shifts: readonly number[]): Model {
  const own = labelLayer(model.graph);
  const biases = model.graph.parameters.filter(
    ({ name, value }) => own.has(name) && value.type.shape.length === 1 && value.type.shape[0] === model.labels.length,
  );
  const name = biases[0]?.name;
  invariant(name !== undefined && biases.length === 1, "a label layer has one bias");
  const bias = Float32Array.from(model.parameters.get(name) as Float32Array, (value, i) => value + shifts[i]);
  return { ...model, parameters: new Map([...model.parameters, [name, bias]]) };
}
