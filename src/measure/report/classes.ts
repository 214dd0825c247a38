import type { ClassMetrics, Evaluation } from "../metrics.js";
import { count, percent } from "./figures.js";
import { type Html, html } from "./html.js";

/** Precision, recall and F1 of every label. */
export function classesSection(evaluation: Evaluation): Html {
  return html`<section><h2>Label by label</h2><div class="scroll"><table class="classes">
<thead><tr><th>label</th><th>clips</th><th>recall</th><th>precision</th><th>F1</th></tr></thead>
<tbody>${evaluation.perClass.map(classRow)}</tbody></table></div></section>`;
}

function classRow(item: ClassMetrics): Html {
  return html`<tr><th scope="row">${item.label}</th><td>${count(item.clips)}</td>${bar(item.recall)}${bar(item.precision)}${bar(item.f1)}</tr>`;
}

function bar(fraction: number | null): Html {
  if (fraction === null) return html`<td class="none">–</td>`;
  return html`<td class="bar" style="--s:${(fraction * 100).toFixed(1)}%"><span>${percent(fraction)}</span></td>`;
}
