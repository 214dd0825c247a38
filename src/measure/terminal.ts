import { stripVTControlCharacters, styleText } from "node:util";
import type { Evaluation } from "./metrics.js";
import { type ComparedRun, letterOf } from "./report/compared_run.js";
import { count, percent, probability, short } from "./report/figures.js";

/** What of a stream decides whether colours are written. */
export interface ColourStream {
  isTTY?: boolean;
}

/** A style that `util.styleText` knows, or several. */
export type Style = Parameters<typeof styleText>[0];

/** Paints text where colours are wanted, else gives it back unchanged. */
export type Paint = (style: Style, text: string) => string;

/** Colours only on a terminal, never under NO_COLOR (no-color.org: any value but the empty one) or TERM=dumb. */
export function paintFor(stream: ColourStream, environment: NodeJS.ProcessEnv = process.env): Paint {
  const wanted = stream.isTTY === true && !environment["NO_COLOR"] && environment["TERM"] !== "dumb";
  return wanted ? (style, text) => styleText(style, text, { validateStream: false }) : (_, text) => text;
}

/** Text from a file, made safe for a terminal: control characters are shown, not obeyed. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** One column of a table. */
export interface Column {
  title: string;
  /** Numbers stand at the right. */
  align?: "left" | "right";
}

/**
 * A table of plain lines, as wide as its cells; cells may be painted.
 * @param rows each as long as `columns`
 */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[], paint: Paint): string {
  const widths = columns.map((column, i) =>
    Math.max(displayWidth(column.title), ...rows.map((row) => displayWidth(row[i] ?? ""))),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => pad(cell, widths[i] as number, columns[i]?.align ?? "left"))
      .join("  ")
      .trimEnd();
  const head = line(columns.map((column) => column.title));
  return [paint("dim", head), ...rows.map(line)].join("\n");
}

const EIGHTHS = " ▏▎▍▌▋▊▉█";

/** A bar of block characters, `width` wide, filled by a fraction of 0 to 1 to an eighth of a character. */
export function bar(fraction: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, fraction)) * width * 8);
  const full = Math.floor(eighths / 8);
  const rest = full < width ? (EIGHTHS[eighths % 8] as string) : "";
  return `${"█".repeat(full)}${rest}`.padEnd(width);
}

/** Accuracy, and recall and precision of each label with a bar. */
export function renderEvaluation(evaluation: Evaluation, paint: Paint): string {
  const [low, high] = evaluation.interval;
  const head = `accuracy ${paint("bold", percent(evaluation.accuracy, 2))} of ${evaluation.clips} clips (95 % interval ${percent(low)} to ${percent(high)})`;
  const columns: Column[] = [
    { title: "label" },
    { title: "clips", align: "right" },
    { title: "recall", align: "right" },
    { title: "" },
    { title: "precision", align: "right" },
  ];
  const rows = evaluation.perClass.map((item) => [
    printable(item.label),
    String(item.clips),
    percent(item.recall),
    paint("cyan", bar(item.recall ?? 0, 20)),
    percent(item.precision),
  ]);
  return `${head}\n${renderTable(columns, rows, paint)}`;
}

/** A line for each of several runs, with the letters of the comparison's page. */
export function renderRuns(runs: readonly ComparedRun[], paint: Paint): string {
  const right = ["accuracy", "95 % interval", "parameters", "MACs", "steps", "p against A"];
  const columns: Column[] = [{ title: "run" }, { title: "model" }, ...right.map((title): Column => ({ title, align: "right" }))];
  const known = (value: number | undefined, format: (value: number) => string): string =>
    value === undefined ? "-" : format(value);
  const rows = runs.map(({ name, model, evaluation, parameters, multiplyAccumulates, steps, againstFirst }, i) => [
    `${letterOf(i)} ${printable(name)}`,
    printable(model ?? "-"),
    paint(
      "bold",
      known(evaluation?.accuracy, (accuracy) => percent(accuracy, 2)),
    ),
    evaluation === undefined ? "-" : `${(evaluation.interval[0] * 100).toFixed(1)} to ${percent(evaluation.interval[1])}`,
    known(parameters, short),
    known(multiplyAccumulates, short),
    known(steps, count),
    i === 0 ? "" : known(againstFirst?.probability, probability),
  ]);
  return renderTable(columns, rows, paint);
}

/**
 * The confusion matrix: rows are the truth, columns what was heard, numbered by the labels at the left.
 * Zeros are dots; what is right is painted blue, what is wrong yellow or, from a tenth of the row, red.
 */
export function renderConfusion(evaluation: Evaluation, paint: Paint): string {
  const width = Math.max(3, ...evaluation.confusion.flat().map((count) => String(count).length)) + 1;
  const names = evaluation.labels.map((label, i) => `${String(i).padStart(2)} ${printable(label)}`);
  const left = Math.max(...names.map(displayWidth));
  const head = `${" ".repeat(left)} ${evaluation.labels.map((_, i) => String(i).padStart(width)).join("")}`;
  const lines = evaluation.confusion.map((row, truth) => {
    const clips = evaluation.perClass[truth]?.clips ?? 0;
    const cells = row.map((count, heard) => confusionCell(count, clips, truth === heard, width, paint));
    return `${pad(names[truth] as string, left, "left")} ${cells.join("")}`;
  });
  return [paint("dim", head), ...lines].join("\n");
}

function confusionCell(value: number, clips: number, right: boolean, width: number, paint: Paint): string {
  if (value === 0) return paint("dim", "·".padStart(width));
  const text = String(value).padStart(width);
  if (right) return paint(["blue", "bold"], text);
  return paint(value >= clips / 10 ? "red" : "yellow", text);
}

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });
/** Scripts and pictures that terminals draw two columns wide (Unicode UAX 11, the ranges that labels may use). */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

/** Columns that text takes on a terminal. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const { segment } of graphemes.segment(stripVTControlCharacters(text))) width += WIDE.test(segment) ? 2 : 1;
  return width;
}

function pad(text: string, width: number, align: "left" | "right"): string {
  const space = " ".repeat(Math.max(0, width - displayWidth(text)));
  return align === "left" ? text + space : space + text;
}
