import { classesSection } from "./report/classes.js";
import { clipsSection } from "./report/clips.js";
import { confusionSection } from "./report/confusion.js";
import { curvesSection } from "./report/curves.js";
import { type Html, html, trusted } from "./report/html.js";
import type { ReportInput } from "./report/input.js";
import { STYLE } from "./report/style.js";
import { summarySection } from "./report/summary.js";

export type { ReportInput, ReportSummary, WorstClip } from "./report/input.js";

/** A page that loads nothing and runs nothing, whatever stands in a label or a file name. */
const POLICY = "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'";
/** A recipe is some kilobytes; anything far longer is no recipe. */
const MAX_RECIPE_CHARACTERS = 100_000;

/**
 * Renders one self-contained HTML page: summary, curves, confusion matrix, labels, worst clips.
 * Everything is inline; the page has no script and refers to nothing outside of it. With 12 clips about 1 MB.
 */
export function renderReport(input: ReportInput): string {
  const { evaluation } = input;
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}"><meta name="color-scheme" content="light dark">
<title>${input.title} – earshot report</title><style>${trusted(STYLE)}</style></head>
<body><main>${summarySection(input)}
${evaluation && confusionSection(evaluation)}
${input.training && curvesSection(input.training)}
${evaluation && classesSection(evaluation)}
${input.worstClips && clipsSection(input.worstClips)}
${recipeSection(input.recipe)}
<footer>Made by earshot ${input.summary.versions["earshot"] ?? ""}. This page is one file and loads nothing from elsewhere.</footer>
</main></body></html>
`;
  return page.text;
}

function recipeSection(recipe: unknown): Html {
  if (recipe === undefined) return html``;
  const text = JSON.stringify(recipe, null, 2).slice(0, MAX_RECIPE_CHARACTERS);
  return html`<section><details><summary>Recipe of the run</summary><pre>${text}</pre></details></section>`;
}
