import { type AxisBounds, roundTicks, stepTicks } from "./axis.js";
import { type Html, html } from "./html.js";
import { spread } from "./spread.js";

/** One line of a chart. */
export interface Series {
  name: string;
  /** CSS class that gives the colour and the dashes, such as "first" or "run0". */
  look: string;
  /** In rising x; finite numbers. */
  points: readonly (readonly [x: number, y: number])[];
  /** Small marks on the points: for few, separately measured values. */
  marked?: boolean;
  /** One letter at the line's right end. */
  letter?: string;
}

/** A chart's frame: what the vertical axis shows. */
export interface ChartAxis extends AxisBounds {
  title: string;
  /** Whether the axis starts at `lowest` or at the smallest value. */
  fromLowest: boolean;
  format(value: number): string;
  /** As the legend shows the last value. */
  exact(value: number): string;
}

const WIDTH = 400;
const HEIGHT = 240;
const LEFT = 50;
const RIGHT = 12;
const TOP = 10;
const BOTTOM = 42;
/** Room for the letters at the right, and the least distance between two of them. */
const LETTERS = 16;
const LETTER_HEIGHT = 14;
/** More points than pixels are averaged in groups: the picture stays small and the trend readable. */
const MAX_POINTS = 240;

interface Place {
  right: number;
  x(value: number): number;
  y(value: number): number;
}

/** A line chart by training step as inline SVG with a legend, scaled to the width it is given. */
export function lineChart(axis: ChartAxis, series: readonly Series[]): Html {
  const drawn = series.filter((line) => line.points.length > 0).map((line) => ({ ...line, points: thin(line.points) }));
  if (drawn.length === 0) return html``;
  const xs = drawn.flatMap((line) => line.points.map(([x]) => x));
  const ys = drawn.flatMap((line) => line.points.map(([, y]) => y));
  const yTicks = roundTicks(axis.fromLowest ? axis.lowest : Math.min(...ys), Math.max(...ys), 5, axis);
  const [bottom, top] = [yTicks[0] as number, yTicks[yTicks.length - 1] as number];
  const last = Math.max(...xs, 1);
  const right = WIDTH - RIGHT - (drawn.some((line) => line.letter) ? LETTERS : 0);
  const place: Place = {
    right,
    x: (x) => LEFT + (x / last) * (right - LEFT),
    y: (y) => TOP + (1 - (y - bottom) / (top - bottom)) * (HEIGHT - TOP - BOTTOM),
  };
  return html`<figure class="chart"><figcaption><b>${axis.title}</b>${drawn.map((line) => legend(axis, line))}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${axis.title} by training step">
${yTicks.map((y) => yTick(axis, y, place))}${stepTicks(last).map((x) => xTick(x, place))}
<text x="${((LEFT + right) / 2).toFixed(1)}" y="${HEIGHT - 4}" text-anchor="middle">training step</text>
${drawn.map((line) => linePath(line, place))}${letters(drawn, place)}</svg></figure>`;
}

function legend(axis: ChartAxis, line: Series): Html {
  const last = line.points[line.points.length - 1] as readonly [number, number];
  const letter = line.letter === undefined ? "" : html`<b>${line.letter}</b> `;
  return html`<span class="${line.look}">${letter}${line.name} <i>${axis.exact(last[1])}</i></span>`;
}

function yTick(axis: ChartAxis, value: number, place: Place): Html {
  const y = place.y(value).toFixed(1);
  return html`<line class="grid" x1="${LEFT}" x2="${place.right}" y1="${y}" y2="${y}"/><text x="${LEFT - 6}" y="${y}" dy="4" text-anchor="end">${axis.format(value)}</text>`;
}

function xTick(value: number, place: Place): Html {
  const label = value >= 1000 ? `${Number((value / 1000).toFixed(2))}k` : String(value);
  return html`<text x="${place.x(value).toFixed(1)}" y="${HEIGHT - BOTTOM + 17}" text-anchor="middle">${label}</text>`;
}

function linePath(line: Series, place: Place): Html {
  const at = ([x, y]: readonly [number, number]): [string, string] => [place.x(x).toFixed(1), place.y(y).toFixed(1)];
  const path = line.points.map((point, i) => `${i === 0 ? "M" : "L"}${at(point).join(" ")}`).join("");
  const marks = line.marked === true && line.points.length <= 60 ? line.points : line.points.length === 1 ? line.points : [];
  return html`<path class="line ${line.look}" d="${path}"/>${marks.map((point) => {
    const [x, y] = at(point);
    return html`<circle class="${line.look}" cx="${x}" cy="${y}" r="2.6"/>`;
  })}`;
}

/** A letter at the end of each line; those of lines that end at the same step are moved apart. */
function letters(drawn: readonly Series[], place: Place): Html[] {
  const named = drawn.filter((line) => line.letter !== undefined);
  const ends = named.map((line) => line.points[line.points.length - 1] as readonly [number, number]);
  const heights = ends.map(([, y]) => place.y(y));
  for (const step of new Set(ends.map(([x]) => x))) {
    const together = ends.flatMap(([x], i) => (x === step ? [i] : []));
    const apart = spread(
      together.map((i) => heights[i] as number),
      LETTER_HEIGHT,
      TOP,
      HEIGHT - BOTTOM,
    );
    for (const [k, i] of together.entries()) heights[i] = apart[k] as number;
  }
  return named.map(
    (line, i) =>
      html`<text class="letter ${line.look}" x="${(place.x((ends[i] as readonly [number, number])[0]) + 5).toFixed(1)}" y="${(heights[i] as number).toFixed(1)}" dy="4">${line.letter}</text>`,
  );
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
