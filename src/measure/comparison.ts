import { type ComparisonInput, letterOf } from "./report/compared_run.js";
import { curvesTogether, sizeSection } from "./report/comparison_charts.js";
import { differencesSection } from "./report/differences.js";
import { percent } from "./report/figures.js";
import { type Html, html } from "./report/html.js";
import { page } from "./report/page.js";
import { runsSection } from "./report/runs_table.js";

export type { ComparedRun, ComparisonInput, SeedGroup } from "./report/compared_run.js";

/**
 * Renders one self-contained HTML page that compares runs: table, accuracy against size, curves together, confusion differences.
 * Like the report of one run it has no script and refers to nothing outside of it.
 */
export function renderComparison(input: ComparisonInput): string {
  const { runs } = input;
  const body = [head(input), runsSection(input), sizeSection(runs), curvesTogether(runs), differencesSection(runs)];
  return page(`${runs.length} runs – earshot comparison`, body, input.version);
}

function head({ runs, notes }: ComparisonInput): Html {
  return html`<header><p class="eyebrow">earshot comparison</p><h1>${runs.length} runs compared</h1>${best(runs)}
${notes.map((note) => html`<p class="note">${note}</p>`)}</header>`;
}

function best(runs: ComparisonInput["runs"]): Html {
  const measured = runs.flatMap(({ evaluation, name }, i) => (evaluation === undefined ? [] : [{ evaluation, name, i }]));
  if (measured.length === 0) return html`<p class="lead">None was evaluated yet.</p>`;
  const { evaluation, name, i } = measured.reduce((a, b) => (b.evaluation.accuracy > a.evaluation.accuracy ? b : a));
  return html`<p class="lead">Most accurate: <b>${letterOf(i)} ${name}</b> with <b>${percent(evaluation.accuracy, 2)}</b> of ${evaluation.clips.toLocaleString("en-US")} clips.</p>`;
}
