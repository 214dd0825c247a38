import { classesSection } from "./report/classes.js";
import { clipsSection } from "./report/clips.js";
import { confusionSection } from "./report/confusion.js";
import { curvesSection } from "./report/curves.js";
import { detectionSection } from "./report/detection.js";
import { type Html, html } from "./report/html.js";
import type { ReportInput } from "./report/input.js";
import { page } from "./report/page.js";
import { summarySection } from "./report/summary.js";

export type { ReportInput, ReportSummary, WorstClip } from "./report/input.js";

/** A recipe is some kilobytes; anything far longer is no recipe. */
const MAX_RECIPE_CHARACTERS = 100_000;

/**
 * Renders one self-contained HTML page: summary, curves, confusion matrix, labels, worst clips.
 * Everything is inline; the page has no script and refers to nothing outside of it. With 12 clips about 1 MB.
 */
export function renderReport(input: ReportInput): string {
  const { evaluation } = input;
  const body = [
    summarySection(input),
    evaluation && confusionSection(evaluation),
    input.detection && detectionSection(input.detection),
    input.training && curvesSection(input.training),
    evaluation && classesSection(evaluation),
    input.worstClips && clipsSection(input.worstClips),
    recipeSection(input.recipe),
  ];
  return page(`${input.title} – earshot report`, body, input.summary.versions["earshot"]);
}

function recipeSection(recipe: unknown): Html {
  if (recipe === undefined) return html``;
  const text = JSON.stringify(recipe, null, 2).slice(0, MAX_RECIPE_CHARACTERS);
  return html`<section><details><summary>Recipe of the run</summary><pre tabindex="0">${text}</pre></details></section>`;
}
