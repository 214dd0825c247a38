import { type ComparedRun, type ComparisonInput, letterOf, lookOf } from "./compared_run.js";
import { count, percent, probability, short, trainingTime } from "./figures.js";
import { type Html, type HtmlValue, html } from "./html.js";

/** Every run with its figures; a table at a desk, a card for each run on a phone. */
export function runsSection({ runs, seedGroups }: ComparisonInput): Html {
  const best = Math.max(...runs.map((run) => run.evaluation?.accuracy ?? -1));
  const heads = [
    "run",
    "model",
    "accuracy",
    "95 % interval",
    "clips",
    "parameters",
    "MACs",
    "steps",
    "training",
    "seed",
    "p against A",
  ];
  return html`<section><h2>The runs</h2><table class="runs">
<thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>${runs.map((run, i) => row(run, i, best, heads))}</tbody></table>
${seedGroups.map(
  ({ members, accuracy }) =>
    html`<p class="lead seeds"><b>${members.map(letterOf).join(", ")}</b> differ in their seed alone: mean <b>${percent(accuracy.mean, 2)}</b>, standard deviation ${((accuracy.deviation ?? 0) * 100).toFixed(2)} points.</p>`,
)}<p class="hint">MACs: multiply-accumulates of one inference without its front end. p against A: exact McNemar test on the clips that exactly one of
both heard right; below 0.05 the difference is unlikely to be chance. A dash: not known.</p></section>`;
}

function row(run: ComparedRun, place: number, best: number, heads: readonly string[]): Html {
  const { evaluation, parameters, multiplyAccumulates, steps, time, seed } = run;
  const cells: [text: string, title?: string][] = [
    [run.model ?? "–"],
    [percent(evaluation?.accuracy, 2)],
    [evaluation === undefined ? "–" : `${(evaluation.interval[0] * 100).toFixed(1)} – ${percent(evaluation.interval[1])}`],
    [known(evaluation?.clips, count)],
    [known(parameters, short), known(parameters, count)],
    [known(multiplyAccumulates, short), known(multiplyAccumulates, count)],
    [known(steps, count)],
    [time === undefined ? "–" : trainingTime(time)],
    [known(seed, String)],
    [place === 0 ? "" : known(run.againstFirst?.probability, probability), discordant(run, place)],
  ];
  return html`<tr><th scope="row"><span class="swatch ${lookOf(place)}">${letterOf(place)}</span> ${run.name}</th>${cells.map(
    ([text, title], i) =>
      html`<td data-head="${heads[i + 1]}"${title === undefined || title === "" ? "" : titleOf(title)}${i === 1 && evaluation?.accuracy === best ? BEST : ""}>${text}</td>`,
  )}</tr>`;
}

const BEST = html` class="best"`;

const titleOf = (title: string): HtmlValue => html` title="${title}"`;

const known = (value: number | undefined, format: (value: number) => string): string =>
  value === undefined ? "–" : format(value);

function discordant({ againstFirst }: ComparedRun, place: number): string {
  if (againstFirst === undefined) return "";
  return `${againstFirst.onlyFirst} clips only A heard right, ${againstFirst.onlySecond} only ${letterOf(place)}`;
}
