import type { DetectionRecord } from "../detection_file.js";
import { roundTicks } from "./axis.js";
import { type Html, html } from "./html.js";

const width = 400;
const height = 240;
const [left, right, top, bottom] = [50, 12, 10, 42];

const percent = (value: number): string => `${(value * 100).toFixed(1)} %`;

/** Figures of a long recording and the curve of misses against false accepts. */
export function detectionSection(record: DetectionRecord): Html {
  const { events, misses, missRate, falseAccepts, hours, falseAcceptsPerHour, falseAcceptInterval, latency } = record;
  const [low, high] = falseAcceptInterval;
  const late = latency === undefined ? "" : ` Half of the words are known ${latency.median.toFixed(2)} s after their end.`;
  return html`<section><h2>Long recording</h2>
<p class="lead"><b>${falseAcceptsPerHour.toFixed(2)}</b> false accepts an hour (${falseAccepts} in ${hours.toFixed(2)} h; 95 %: ${low.toFixed(2)} to ${high.toFixed(2)}), <b>${percent(missRate)}</b> missed (${misses} of ${events}).${late}</p>
<div class="charts">${curve(record)}</div></section>`;
}

function curve({ curve: points, falseAcceptsPerHour, missRate }: DetectionRecord): Html {
  // With few misses or accepts at the far end there is nothing to choose from: thresholds that let ten times more through are left out.
  const most = Math.max(10 * falseAcceptsPerHour, 10);
  const shown = points.filter((point) => point.falseAcceptsPerHour <= most);
  if (shown.length < 2) return html``;
  const ticks = roundTicks(0, Math.max(...shown.map((point) => point.falseAcceptsPerHour), 1), 5, {
    lowest: 0,
    highest: Infinity,
  });
  const last = ticks[ticks.length - 1];
  const x = (value: number): string => (left + (value / last) * (width - left - right)).toFixed(1);
  const y = (value: number): string => (top + (1 - value) * (height - top - bottom)).toFixed(1);
  const path = shown.map((point, i) => `${i === 0 ? "M" : "L"}${x(point.falseAcceptsPerHour)} ${y(point.missRate)}`).join("");
  return html`<figure class="chart"><figcaption><b>Missed, over all thresholds</b></figcaption>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="share of missed keywords by false accepts an hour">
${[0, 0.25, 0.5, 0.75, 1].map((value) => html`<line class="grid" x1="${left}" x2="${width - right}" y1="${y(value)}" y2="${y(value)}"/><text x="${left - 6}" y="${y(value)}" dy="4" text-anchor="end">${value * 100} %</text>`)}
${ticks.map((value) => html`<text x="${x(value)}" y="${height - bottom + 17}" text-anchor="middle">${Number(value.toPrecision(4))}</text>`)}
<text x="${((left + width - right) / 2).toFixed(1)}" y="${height - 4}" text-anchor="middle">false accepts an hour</text>
<path class="line first" d="${path}"/><circle class="first" cx="${x(falseAcceptsPerHour)}" cy="${y(missRate)}" r="3.5"/></svg></figure>`;
}
