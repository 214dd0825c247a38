import type { Evaluation } from "../metrics.js";
import { count, percent } from "./figures.js";
import { type Html, html, trusted } from "./html.js";
import { scrolling } from "./page.js";

const FREQUENT = 8;
/** More labels than this get small cells, so that the 35 of Speech Commands fit a desk's width. */
const DENSE = 16;
/** A matrix has the square of its labels as cells; of more labels, those in most trouble are shown. */
const MAX_LABELS = 64;

/** The confusion matrix as a heat map: rows are the truth, columns what was heard; recall at the right, precision below. */
export function confusionSection(evaluation: Evaluation): Html {
  const shown = troubledLabels(evaluation.confusion.map((row, i) => row.map((value, k) => (i === k ? 0 : value))));
  const left = evaluation.labels.length - shown.length;
  const table = html`<table class="confusion${matrixLook(shown.length)}">${matrixHead(
    shown.map((i) => evaluation.labels[i] as string),
    "recall",
  )}
<tbody>${shown.map((truth) => matrixRow(evaluation, truth, shown))}</tbody>
<tfoot><tr><th scope="row">precision</th>${shown.map(
    (i) => html`<td class="edge">${whole(evaluation.perClass[i]?.precision)}</td>`,
  )}<td class="edge all">${whole(evaluation.accuracy)}</td></tr></tfoot></table>`;
  return html`<section><h2>What was heard as what</h2>
<div class="heard">${scrolling("Confusion matrix", table)}${frequent(evaluation)}</div>
<p class="hint">Counts of clips. <span class="key hit"></span> right, <span class="key miss"></span> wrong; the stronger, the larger its share of the row. Recall and precision in percent.${
    left > 0 && html` The ${shown.length} of ${evaluation.labels.length} labels with the most mistakes are shown.`
  }</p></section>`;
}

/** CSS classes of a matrix of so many labels. */
export const matrixLook = (labels: number): string => (labels > DENSE ? " dense" : "");

/** The head of a matrix: the labels upright, and the name of the column at the right. */
export function matrixHead(labels: readonly string[], last: string): Html {
  return html`<thead><tr><th class="corner"><span>heard →</span><span>truth ↓</span></th>${labels.map(
    (label) => html`<th scope="col"><span>${label}</span></th>`,
  )}<th scope="col" class="edge"><span>${last}</span></th></tr></thead>`;
}

/**
 * The labels that a matrix shows, in their order: all, or the 64 with the largest sums over row and column.
 * @param weights what makes a cell worth showing, at least 0, [truth][heard]
 */
export function troubledLabels(weights: readonly (readonly number[])[]): number[] {
  const places = weights.map((_, i) => i);
  if (places.length <= MAX_LABELS) return places;
  const totals = places.map(() => 0);
  for (const [i, row] of weights.entries()) {
    for (const [k, value] of row.entries()) {
      totals[i] = (totals[i] as number) + value;
      totals[k] = (totals[k] as number) + value;
    }
  }
  const worst = places.toSorted((a, b) => (totals[b] as number) - (totals[a] as number) || a - b);
  return worst.slice(0, MAX_LABELS).toSorted((a, b) => a - b);
}

/** Opacity of a cell: between 0.7 and 0.95 neither dark nor white text would have enough contrast. */
export const shownStrength = (strength: number): number => (strength > 0.7 ? 0.95 + (strength - 0.7) / 6 : strength);

function matrixRow(evaluation: Evaluation, truth: number, shown: readonly number[]): Html {
  const item = evaluation.perClass[truth];
  const cells = shown.map((predicted) => cell(evaluation, evaluation.confusion[truth]?.[predicted] as number, truth, predicted));
  return html`<tr><th scope="row">${item?.label}</th>${cells}<td class="edge">${whole(item?.recall)}</td></tr>`;
}

function cell(evaluation: Evaluation, value: number, truth: number, predicted: number): Html {
  if (value === 0) return html`<td></td>`;
  const clips = evaluation.perClass[truth]?.clips ?? value;
  const share = value / clips;
  const hit = truth === predicted;
  // The root lifts small shares: one clip in a hundred must still be seen.
  const strength = shownStrength(hit ? 0.12 + 0.88 * share ** 2 : Math.min(1, 0.12 + Math.sqrt(share) * 1.1));
  const title = `${evaluation.labels[truth]} heard as ${evaluation.labels[predicted]}: ${value} of ${clips}`;
  const look = `${hit ? "hit" : "miss"}${strength > 0.8 ? " strong" : ""}`;
  return html`<td class="${look}" style="--s:${strength.toFixed(2)}" title="${title}">${count(value)}</td>`;
}

/** The pairs confused most often, in words. */
function frequent(evaluation: Evaluation): Html {
  const pairs = evaluation.confusion.flatMap((row, truth) => row.map((value, predicted) => ({ value, truth, predicted })));
  const wrong = pairs.filter((pair) => pair.truth !== pair.predicted && pair.value > 0);
  if (wrong.length === 0) return html`<p class="lead">Every clip was heard right.</p>`;
  wrong.sort((a, b) => b.value - a.value || a.truth - b.truth || a.predicted - b.predicted);
  const items = wrong.slice(0, FREQUENT).map(({ value, truth, predicted }) => {
    const clips = evaluation.perClass[truth]?.clips ?? value;
    return html`<li><b>${evaluation.labels[truth]}</b> heard as <b>${evaluation.labels[predicted]}</b> <i>${value} of ${clips}</i></li>`;
  });
  return html`<div class="often"><h3>Confused most often</h3><ul class="pairs">${items}</ul></div>`;
}

const whole = (fraction: number | null | undefined): Html => trusted(percent(fraction, 0).replace(" %", ""));
