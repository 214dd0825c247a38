import type { ClassMetrics, Evaluation } from "../metrics.js";
import { count, percent } from "./figures.js";
import { type Html, html } from "./html.js";
import { scrolling } from "./page.js";

/** A table of more rows would be read by nobody. */
const MAX_LABELS = 200;

/** Precision, recall and F1 of every label. */
export function classesSection(evaluation: Evaluation): Html {
  const shown = evaluation.perClass.length <= MAX_LABELS ? evaluation.perClass : lowest(evaluation.perClass);
  const left = evaluation.perClass.length - shown.length;
  const heads = ["label", "clips", "recall", "precision", "F1"].map((head) => html`<th scope="col">${head}</th>`);
  const table = html`<table class="classes"><thead><tr>${heads}</tr></thead><tbody>${shown.map(classRow)}</tbody></table>`;
  return html`<section><h2>Label by label</h2>${scrolling("Figures of each label", table)}${
    left > 0 && html`<p class="hint">The ${shown.length} of ${evaluation.labels.length} labels with the lowest F1 are shown.</p>`
  }</section>`;
}

function lowest(items: readonly ClassMetrics[]): ClassMetrics[] {
  return items.toSorted((a, b) => (a.f1 ?? 2) - (b.f1 ?? 2)).slice(0, MAX_LABELS);
}

function classRow(item: ClassMetrics): Html {
  return html`<tr><th scope="row">${item.label}</th><td>${count(item.clips)}</td>${bar(item.recall)}${bar(item.precision)}${bar(item.f1)}</tr>`;
}

function bar(fraction: number | null): Html {
  if (fraction === null) return html`<td class="none">–</td>`;
  return html`<td class="bar" style="--s:${(fraction * 100).toFixed(1)}%"><span>${percent(fraction)}</span></td>`;
}
