import { logarithmicTicks, roundTicks } from "./axis.js";
import { short } from "./figures.js";
import { type Html, html } from "./html.js";
import { type Box, placeLabels } from "./place_labels.js";

/** One point: a run. */
export interface ScatterPoint {
  /** Stands for the name where there is no room for all names; may be empty. */
  letter: string;
  name: string;
  /** CSS class that gives the colour. */
  look: string;
  /** Above zero. */
  x: number;
  /** Fraction, with its interval. */
  y: number;
  interval: readonly [low: number, high: number];
}

/** Of a drawing: pixels where it is shown at its own size. */
export interface ScatterSize {
  width: number;
  height: number;
}

const USUAL: ScatterSize = { width: 400, height: 290 };
const LEFT = 50;
const RIGHT = 18;
const TOP = 10;
const BOTTOM = 42;
const TEXT_HEIGHT = 15;
/** Width of a character of the labels' font, rather too wide than too narrow. */
const CHARACTER = 7.4;
const LONGEST_NAME = 18;
/** Points nearer than this would hide each other's error bars and are moved apart. */
const APART = 11;
/** Room for labels at both ends of the size axis, a factor. */
const MARGIN = 1.5;

/** Accuracy with its interval against a size, on a logarithmic axis, as a figure with inline SVG. */
export function scatterChart(title: string, points: readonly ScatterPoint[]): Html {
  const drawing = scatterDrawing(title, points, USUAL);
  if (drawing === undefined) return html``;
  return html`<figure class="chart"><figcaption><b>Accuracy against ${title}</b></figcaption>
${drawing}</figure>`;
}

/**
 * The drawing of a scatter chart alone: an SVG element whose colours come from the classes of the style sheet. Labels do not overlap; where
 * there is no room for every name, letters stand for all. Undefined where no point has a size.
 */
export function scatterDrawing(title: string, points: readonly ScatterPoint[], { width, height }: ScatterSize): Html | undefined {
  const shown = points.filter(({ x }) => x > 0);
  if (shown.length === 0) return undefined;
  const frame: Box = { left: LEFT + 2, top: TOP, width: width - LEFT - RIGHT - 2, height: height - TOP - BOTTOM };
  const [right, bottom] = [width - RIGHT, height - BOTTOM];
  const xTicks = logarithmicTicks(Math.min(...shown.map(({ x }) => x)) / MARGIN, Math.max(...shown.map(({ x }) => x)) * MARGIN);
  const bounds = { lowest: 0, highest: 1 };
  const low = Math.min(...shown.map(({ interval }) => interval[0]));
  const yTicks = roundTicks(low, Math.max(...shown.map(({ interval }) => interval[1])), 6, bounds);
  const xOf = scale(Math.log(xTicks[0] as number), Math.log(xTicks.at(-1) as number), LEFT, right);
  const yOf = scale(yTicks[0] as number, yTicks.at(-1) as number, bottom, TOP);
  const places = moveApart(
    shown.map(({ x, y }) => ({ x: xOf(Math.log(x)), y: yOf(y) })),
    right,
  );
  const bars = shown.map(({ interval }, i) => barOf((places[i] as Spot).x, yOf(interval[1]), yOf(interval[0])));
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Accuracy against ${title}; the figures stand in the table">
${yTicks.map((y) => yTick(y, yOf(y), right))}${xTicks.map((x) => xTick(x, xOf(Math.log(x)), bottom))}
<text x="${(LEFT + right) / 2}" y="${height - 4}" text-anchor="middle">${title}, logarithmic</text>
${bars.map((bar, i) => errorBar(bar, shown[i] as ScatterPoint))}${labels(shown, places, bars, frame)}
${shown.map(({ look, name }, i) => dot(places[i] as Spot, look, name))}</svg>`;
}

interface Spot {
  x: number;
  y: number;
}

const scale = (from: number, to: number, first: number, last: number) => (value: number) =>
  first + ((value - from) / (to - from)) * (last - first);

/** Runs of one size stand beside each other, so that each interval can be seen. */
function moveApart(spots: readonly Spot[], right: number): Spot[] {
  return spots.map((spot, i) => {
    const together = spots.map((_, k) => k).filter((k) => Math.abs((spots[k] as Spot).x - spot.x) < 1);
    const moved = spot.x + (together.indexOf(i) - (together.length - 1) / 2) * APART;
    return { x: Math.max(LEFT + 6, Math.min(right - 6, moved)), y: spot.y };
  });
}

const barOf = (x: number, top: number, bottom: number): Box => ({ left: x - 3, top, width: 6, height: bottom - top });

function yTick(value: number, y: number, right: number): Html {
  const label = `${Number((value * 100).toFixed(1))} %`;
  return html`<line class="grid" x1="${LEFT}" x2="${right}" y1="${y.toFixed(1)}" y2="${y.toFixed(1)}"/><text x="${LEFT - 6}" y="${y.toFixed(1)}" dy="4" text-anchor="end">${label}</text>`;
}

function xTick(value: number, x: number, bottom: number): Html {
  const label = short(value).replace(/\.0+(?= |$)/, "");
  return html`<line class="grid" x1="${x.toFixed(1)}" x2="${x.toFixed(1)}" y1="${TOP}" y2="${bottom}"/><text x="${x.toFixed(1)}" y="${bottom + 17}" text-anchor="middle">${label}</text>`;
}

function errorBar({ left, top, width, height }: Box, { look }: ScatterPoint): Html {
  const [x, right, bottom] = [left + width / 2, left + width, top + height].map((value) => value.toFixed(1));
  const [start, above] = [left.toFixed(1), top.toFixed(1)];
  return html`<path class="bars ${look}" d="M${start} ${above}H${right}M${x} ${above}V${bottom}M${start} ${bottom}H${right}"/>`;
}

function dot({ x, y }: Spot, look: string, name: string): Html {
  return html`<circle class="dot ${look}" cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="4.5"><title>${name}</title></circle>`;
}

function labels(points: readonly ScatterPoint[], places: readonly Spot[], bars: readonly Box[], frame: Box): Html[] {
  const names = points.map(({ name }) =>
    [...name].length > LONGEST_NAME ? `${[...name].slice(0, LONGEST_NAME - 1).join("")}…` : name,
  );
  const whole = names.map((name, i) => `${(points[i] as ScatterPoint).letter} ${name}`.trim());
  const request = (texts: readonly string[]) =>
    placeLabels(
      places.map(({ x, y }, i) => ({ x, y, width: [...(texts[i] as string)].length * CHARACTER, height: TEXT_HEIGHT })),
      frame,
      bars,
    );
  const found = request(whole);
  const roomy = found.every((place) => place !== undefined);
  const letters = points.map(({ letter }) => letter);
  const corners = roomy ? found : request(letters);
  return corners.flatMap((corner, i) => {
    if (corner === undefined) return [];
    const text = (roomy ? whole : letters)[i] as string;
    const spot = places[i] as Spot;
    return [
      html`${leader(spot, corner, text)}<text class="name ${(points[i] as ScatterPoint).look}" x="${corner.left.toFixed(1)}" y="${(corner.top + 12).toFixed(1)}">${text}</text>`,
    ];
  });
}

/** A thin line from a point to a label that could not stand beside it. */
function leader({ x, y }: Spot, corner: { left: number; top: number }, text: string): Html {
  const right = corner.left + text.length * CHARACTER;
  const [toX, toY] = [Math.max(corner.left, Math.min(right, x)), Math.max(corner.top + 2, Math.min(corner.top + TEXT_HEIGHT, y))];
  if (Math.hypot(toX - x, toY - y) < 12) return html``;
  return html`<line class="leader" x1="${x.toFixed(1)}" y1="${y.toFixed(1)}" x2="${toX.toFixed(1)}" y2="${toY.toFixed(1)}"/>`;
}
