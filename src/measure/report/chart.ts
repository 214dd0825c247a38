import { type Html, html } from "./html.js";

/** One line of a chart. */
export interface Series {
  name: string;
  /** CSS class that gives the colour: "first" or "second". */
  look: "first" | "second";
  /** In rising x; finite numbers. */
  points: readonly (readonly [x: number, y: number])[];
  /** Small marks on the points: for few, separately measured values. */
  marked?: boolean;
}

/** A chart's frame: what the vertical axis shows. */
export interface ChartAxis {
  title: string;
  /** Bounds that the axis must not go beyond (a fraction ends at 1). */
  lowest: number;
  highest: number;
  /** Whether the axis starts at `lowest` or at the smallest value. */
  fromLowest: boolean;
  format(value: number): string;
}

const WIDTH = 480;
const HEIGHT = 250;
const LEFT = 52;
const RIGHT = 12;
const TOP = 10;
const BOTTOM = 32;
/** More points than pixels are averaged in groups: the picture stays small and the trend readable. */
const MAX_POINTS = 240;

/** A line chart as inline SVG with a legend, scaled to the width it is given. */
export function lineChart(axis: ChartAxis, series: readonly Series[]): Html {
  const drawn = series.filter((line) => line.points.length > 0).map((line) => ({ ...line, points: thin(line.points) }));
  if (drawn.length === 0) return html``;
  const xs = drawn.flatMap((line) => line.points.map(([x]) => x));
  const ys = drawn.flatMap((line) => line.points.map(([, y]) => y));
  const yTicks = ticks(axis.fromLowest ? axis.lowest : Math.min(...ys), Math.max(...ys), 5, axis);
  const [bottom, top] = [yTicks[0] as number, yTicks[yTicks.length - 1] as number];
  const right = Math.max(...xs, 1);
  const place = {
    x: (x: number): string => (LEFT + (x / right) * (WIDTH - LEFT - RIGHT)).toFixed(1),
    y: (y: number): string => (TOP + (1 - (y - bottom) / (top - bottom)) * (HEIGHT - TOP - BOTTOM)).toFixed(1),
  };
  return html`<figure class="chart"><figcaption><b>${axis.title}</b>${drawn.map((line) => legend(axis, line))}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${axis.title} by training step">
${yTicks.map((y) => yTick(axis, y, place.y(y)))}${xTicks(right).map((x) => xTick(x, place.x(x)))}
${drawn.map((line) => linePath(line, place))}</svg></figure>`;
}

interface Place {
  x(value: number): string;
  y(value: number): string;
}

function legend(axis: ChartAxis, line: Series): Html {
  const last = line.points[line.points.length - 1] as readonly [number, number];
  return html`<span class="${line.look}">${line.name} <i>${axis.format(last[1])}</i></span>`;
}

function yTick(axis: ChartAxis, value: number, y: string): Html {
  return html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}"/><text x="${LEFT - 7}" y="${y}" dy="4" text-anchor="end">${axis.format(value)}</text>`;
}

function xTick(value: number, x: string): Html {
  const label = value >= 1000 ? `${Number((value / 1000).toFixed(2))}k` : String(value);
  return html`<text x="${x}" y="${HEIGHT - 10}" text-anchor="middle">${label}</text>`;
}

function linePath(line: Series, place: Place): Html {
  const path = line.points.map(([x, y], i) => `${i === 0 ? "M" : "L"}${place.x(x)} ${place.y(y)}`).join("");
  const marks = line.marked === true && line.points.length <= 60 ? line.points : line.points.length === 1 ? line.points : [];
  return html`<path class="line ${line.look}" d="${path}"/>${marks.map(
    ([x, y]) => html`<circle class="${line.look}" cx="${place.x(x)}" cy="${place.y(y)}" r="2.6"/>`,
  )}`;
}

/** Means of groups of neighbours, so many that at most MAX_POINTS remain; the last point is kept as it is. */
function thin(points: Series["points"]): Series["points"] {
  if (points.length <= MAX_POINTS) return points;
  const size = Math.ceil(points.length / (MAX_POINTS - 1));
  const means: [number, number][] = [];
  for (let from = 0; from < points.length; from += size) {
    const group = points.slice(from, from + size);
    means.push([mean(group.map(([x]) => x)), mean(group.map(([, y]) => y))]);
  }
  means.push([...(points[points.length - 1] as readonly [number, number])]);
  return means;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Round values that span [low, high], a step of 1, 2 or 5 times a power of ten apart. */
function ticks(low: number, high: number, wanted: number, bounds: { lowest: number; highest: number }): number[] {
  const span = Math.max(high - low, Math.abs(high) * 1e-3, 1e-9);
  const step = roundStep(span / wanted);
  const from = Math.max(bounds.lowest, Math.floor(low / step + 1e-9) * step);
  const to = Math.min(bounds.highest, Math.max(Math.ceil(high / step - 1e-9) * step, from + step));
  const values: number[] = [];
  for (let i = 0; from + i * step <= to + step * 1e-6; i++) values.push(from + i * step);
  if (values.length < 2) values.unshift(from - step);
  return values;
}

function xTicks(right: number): number[] {
  const step = Math.max(1, roundStep(right / 6));
  return Array.from({ length: Math.floor(right / step) + 1 }, (_, i) => i * step);
}

function roundStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const digit = [1, 2, 5, 10].find((candidate) => candidate * power >= rough * (1 - 1e-9)) as number;
  return digit * power;
}
