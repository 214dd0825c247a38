import type { Evaluation } from "../metrics.js";
import { type ComparedRun, letterOf, lookOf } from "./compared_run.js";
import { matrixHead, matrixLook, shownStrength, troubledLabels } from "./confusion.js";
import { type Html, html } from "./html.js";
import { scrolling } from "./page.js";

/** So many matrices are shown; a matrix of 64 labels has some 300 kB. */
const MAX_MATRICES = 8;
const CHANGES = 8;

/** Confusion of every run minus that of the first, cell by cell. */
export function differencesSection(runs: readonly ComparedRun[]): Html {
  const first = runs[0]?.evaluation;
  if (first === undefined) return html``;
  const comparable = runs.flatMap(({ evaluation, name }, i) => {
    const aligned = i === 0 || evaluation === undefined ? undefined : align(first, evaluation);
    return aligned === undefined ? [] : [{ name, place: i, aligned }];
  });
  if (comparable.length === 0) return html``;
  const shown = comparable.slice(0, MAX_MATRICES);
  const rest = comparable.length - shown.length;
  return html`<section><h2>What changed against A</h2>
<p class="lead">Every cell is a run minus <b>A ${runs[0]?.name}</b>. <span class="key hit"></span> better: more right, or fewer mistakes. <span class="key miss"></span> worse. The stronger the colour, the larger the change's share of the row.</p>
${shown.map(({ name, place, aligned }, i) => matrix(first, aligned, name, place, i === 0))}
${rest > 0 && html`<p class="hint">${rest} more are not shown; compare fewer runs at once to see them.</p>`}</section>`;
}

/** Confusion of B in the order of A's labels; undefined where the labels are others. */
function align(a: Evaluation, b: Evaluation): number[][] | undefined {
  const places = a.labels.map((label) => b.labels.indexOf(label));
  if (a.labels.length !== b.labels.length || places.includes(-1)) return undefined;
  return places.map((row) => places.map((column) => b.confusion[row]?.[column] as number));
}

interface Difference {
  truth: number;
  heard: number;
  /** Clips, or percentage points of the row where the rows have different numbers of clips. */
  value: number;
  /** Of the row, -1 to 1. */
  share: number;
}

function matrix(a: Evaluation, b: number[][], name: string, place: number, open: boolean): Html {
  const rowsA = a.confusion.map(sum);
  const rowsB = b.map(sum);
  const inClips = rowsA.every((clips, i) => clips === rowsB[i]);
  const all = a.confusion.map((row, truth) =>
    row.map((value, heard) => difference(value, b[truth]?.[heard] as number, truth, heard)),
  );
  function difference(before: number, after: number, truth: number, heard: number): Difference {
    const share = after / Math.max(1, rowsB[truth] as number) - before / Math.max(1, rowsA[truth] as number);
    return { truth, heard, share, value: inClips ? after - before : Math.round(share * 100) };
  }
  const labels = troubledLabels(all.map((row) => row.map(({ value }) => Math.abs(value))));
  const table = html`<table class="confusion${matrixLook(labels.length)}">${matrixHead(
    labels.map((i) => a.labels[i] as string),
    "recall",
  )}
<tbody>${labels.map((truth) => matrixRow(all[truth] as Difference[], labels, a.labels))}</tbody></table>`;
  const unit = inClips
    ? "Numbers of clips."
    : "Percentage points of each row: the runs were measured on different numbers of clips.";
  return html`<details class="difference"${open ? html` open` : ""}><summary><span class="swatch ${lookOf(place)}">${letterOf(place)}</span> ${letterOf(place)} − A: ${name} <i>${headline(all, inClips)}</i></summary>
<div class="heard">${scrolling(`Confusion of ${letterOf(place)} minus that of A`, table)}${changes(all.flat(), a.labels, inClips)}</div>
<p class="hint">${unit} Recall in percentage points.</p></details>`;
}

function matrixRow(row: readonly Difference[], shown: readonly number[], labels: readonly string[]): Html {
  const truth = row[0]?.truth as number;
  const cells = shown.map((heard) => cell(row[heard] as Difference, labels));
  return html`<tr><th scope="row">${labels[truth]}</th>${cells}<td class="edge">${points((row[truth] as Difference).share)}</td></tr>`;
}

function cell({ truth, heard, value, share }: Difference, labels: readonly string[]): Html {
  if (value === 0) return html`<td></td>`;
  const better = truth === heard ? value > 0 : value < 0;
  // The root lifts small shares: one clip in a hundred must still be seen.
  const strength = shownStrength(Math.min(1, 0.12 + Math.sqrt(Math.abs(share)) * 1.3));
  const look = `${better ? "hit" : "miss"}${strength > 0.8 ? " strong" : ""}`;
  const title = `${labels[truth]} heard as ${labels[heard]}: ${signed(value)}, ${points(share)} points of the row`;
  return html`<td class="${look}" style="--s:${strength.toFixed(2)}" title="${title}">${signed(value)}</td>`;
}

/** "12 more right, 3 more wrong": what the change comes to. */
function headline(all: readonly (readonly Difference[])[], inClips: boolean): string {
  if (!inClips) return "";
  const right = all.reduce((total, row, i) => total + (row[i] as Difference).value, 0);
  return right === 0 ? "as many right" : `${Math.abs(right)} ${right > 0 ? "more" : "fewer"} right`;
}

/** The largest changes of single cells, in words. */
function changes(all: readonly Difference[], labels: readonly string[], inClips: boolean): Html {
  const wrong = all.filter(({ truth, heard, value }) => truth !== heard && value !== 0);
  if (wrong.length === 0) return html`<p class="lead">Both confuse the same.</p>`;
  const largest = wrong.toSorted((x, y) => Math.abs(y.value) - Math.abs(x.value)).slice(0, CHANGES);
  const unit = inClips ? "" : " points";
  const items = largest.map(
    ({ truth, heard, value }) =>
      html`<li><b>${labels[truth]}</b> heard as <b>${labels[heard]}</b> <i class="${value < 0 ? "better" : "worse"}">${signed(value)}${unit}</i></li>`,
  );
  return html`<div class="often"><h3>Largest changes</h3><ul class="pairs">${items}</ul></div>`;
}

const sum = (row: readonly number[]): number => row.reduce((total, value) => total + value, 0);
/** With a sign that is as wide as the plus. */
const signed = (value: number): string => (value > 0 ? `+${value}` : value < 0 ? `−${-value}` : "0");
const points = (share: number): string => signed(Math.round(share * 100));
