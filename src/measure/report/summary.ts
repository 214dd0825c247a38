import { bytes, count, percent, short, trainingTime } from "./figures.js";
import { type Html, type HtmlValue, html } from "./html.js";
import type { ReportInput } from "./input.js";

/** The head of the report: title, the figures that matter, and where they come from. */
export function summarySection(input: ReportInput): Html {
  const notes = (input.notes ?? []).map((note) => html`<p class="note">${note}</p>`);
  return html`<header>
<p class="eyebrow">earshot report</p>
<h1>${input.title}</h1>
<div class="tiles">${tiles(input)}</div>
<dl class="facts">${facts(input)}</dl>
${notes}</header>`;
}

function tiles({ evaluation, summary }: ReportInput): Html[] {
  const list: Html[] = [];
  if (evaluation !== undefined) {
    const [low, high] = evaluation.interval;
    const between = `95 % interval ${(low * 100).toFixed(1)} to ${percent(high)}`;
    list.push(tile("Accuracy", percent(evaluation.accuracy, 2), between, true));
  }
  if (evaluation !== undefined) {
    const right = evaluation.confusion.reduce((sum, row, i) => sum + (row[i] ?? 0), 0);
    list.push(tile("Clips", count(evaluation.clips), `${count(evaluation.clips - right)} labelled wrongly`));
  }
  if (summary.parameters !== undefined) list.push(tile("Parameters", short(summary.parameters), count(summary.parameters)));
  const macs = summary.multiplyAccumulates;
  if (macs !== undefined) list.push(tile("MACs", short(macs), `${count(macs)} multiply-accumulates`));
  if (summary.bytes !== undefined) list.push(tile("Model file", bytes(summary.bytes), `${count(summary.bytes)} bytes`));
  return list;
}

function tile(name: string, value: string, detail: string, main = false): Html {
  return html`<div class="tile${main ? " main" : ""}"><span>${name}</span><strong>${value}</strong><small>${detail}</small></div>`;
}

function facts({ summary, evaluation }: ReportInput): Html[] {
  const list: [name: string, value: HtmlValue][] = [["Model", summary.model]];
  if (summary.data !== undefined) list.push(["Data", summary.data]);
  if (summary.split !== undefined) list.push(["Split", summary.split]);
  if (evaluation?.loss !== undefined) list.push(["Loss", `${evaluation.loss.toFixed(4)} nats a clip`]);
  if (summary.seed !== undefined) list.push(["Seed", String(summary.seed)]);
  if (summary.training !== undefined) list.push(["Training", trainingTime(summary.training)]);
  list.push(["Date", readableDate(summary.date)]);
  const versions = Object.entries(summary.versions).map(([program, version]) => `${program} ${version}`);
  if (versions.length > 0) list.push(["Versions", versions.join(", ")]);
  return list.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`);
}

/** "2026-11-21 09:30 UTC"; text that is no date stays as it is. */
function readableDate(text: string): string {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? text : `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
