import type { Evaluation } from "../metrics.js";
import { count, percent } from "./figures.js";
import { type Html, html, trusted } from "./html.js";

const FREQUENT = 8;
/** More labels than this get small cells, so that the 35 of Speech Commands fit a desk's width. */
const DENSE = 16;

/** The confusion matrix as a heat map: rows are the truth, columns what was heard; recall at the right, precision below. */
export function confusionSection(evaluation: Evaluation): Html {
  return html`<section><h2>What was heard as what</h2>
<div class="heard"><div class="scroll"><table class="confusion${evaluation.labels.length > DENSE ? " dense" : ""}"><thead><tr><th class="corner"><span>heard →</span><span>truth ↓</span></th>${evaluation.labels.map(
    (label) => html`<th scope="col"><span>${label}</span></th>`,
  )}<th scope="col" class="edge"><span>recall</span></th></tr></thead>
<tbody>${evaluation.confusion.map((row, truth) => matrixRow(evaluation, row, truth))}</tbody>
<tfoot><tr><th scope="row">precision</th>${evaluation.perClass.map(
    (item) => html`<td class="edge">${whole(item.precision)}</td>`,
  )}<td class="edge all">${whole(evaluation.accuracy)}</td></tr></tfoot></table></div>${frequent(evaluation)}</div>
<p class="hint">Counts of clips. <span class="key hit"></span> right, <span class="key miss"></span> wrong; the stronger, the larger its share of the row. Recall and precision in percent.</p></section>`;
}

function matrixRow(evaluation: Evaluation, row: readonly number[], truth: number): Html {
  const item = evaluation.perClass[truth];
  const cells = row.map((value, predicted) => cell(evaluation, value, truth, predicted));
  return html`<tr><th scope="row">${item?.label}</th>${cells}<td class="edge">${whole(item?.recall)}</td></tr>`;
}

function cell(evaluation: Evaluation, value: number, truth: number, predicted: number): Html {
  if (value === 0) return html`<td></td>`;
  const clips = evaluation.perClass[truth]?.clips ?? value;
  const share = value / clips;
  const hit = truth === predicted;
  // The root lifts small shares: one clip in a hundred must still be seen.
  const strength = hit ? 0.12 + 0.88 * share ** 2 : Math.min(1, 0.12 + Math.sqrt(share) * 1.1);
  const title = `${evaluation.labels[truth]} heard as ${evaluation.labels[predicted]}: ${value} of ${clips}`;
  const look = `${hit ? "hit" : "miss"}${strength > 0.55 ? " strong" : ""}`;
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
