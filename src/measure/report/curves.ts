import type { TrainingRecord } from "../training_log.js";
import { type ChartAxis, lineChart, type Series } from "./chart.js";
import { type Html, html } from "./html.js";

const LOSS: ChartAxis = {
  title: "Loss",
  lowest: 0,
  highest: Infinity,
  fromLowest: true,
  format: (value) => (value >= 10 ? value.toFixed(0) : value.toFixed(2)),
};
const ACCURACY: ChartAxis = {
  title: "Accuracy",
  lowest: 0,
  highest: 1,
  fromLowest: false,
  format: (value) => `${Number((value * 100).toFixed(1))} %`,
};

/** Loss and accuracy by training step; nothing where neither was recorded. */
export function curvesSection(records: readonly TrainingRecord[]): Html {
  const loss = lines(records, "loss", "validationLoss");
  const accuracy = lines(records, "accuracy", "validationAccuracy");
  if ([...loss, ...accuracy].every((line) => line.points.length === 0)) return html``;
  return html`<section><h2>Training</h2>${best(records)}<div class="charts">${lineChart(LOSS, loss)}${lineChart(ACCURACY, accuracy)}</div></section>`;
}

type Figure = Exclude<keyof TrainingRecord, "step">;

function lines(records: readonly TrainingRecord[], training: Figure, validation: Figure): Series[] {
  return [
    { name: "training", look: "first", points: pointsOf(records, training) },
    { name: "validation", look: "second", points: pointsOf(records, validation), marked: true },
  ];
}

function pointsOf(records: readonly TrainingRecord[], figure: Figure): [number, number][] {
  const points: [number, number][] = [];
  for (const record of records) {
    const value = record[figure];
    if (value !== undefined) points.push([record.step, value]);
  }
  // A resumed run may have written some steps twice: the later line is the one that counts.
  const byStep = new Map(points);
  return [...byStep].toSorted(([a], [b]) => a - b);
}

function best(records: readonly TrainingRecord[]): Html {
  const validated = pointsOf(records, "validationAccuracy");
  if (validated.length === 0) return html``;
  const [step, accuracy] = validated.reduce((a, b) => (b[1] > a[1] ? b : a));
  return html`<p class="lead">Best validation accuracy <b>${(accuracy * 100).toFixed(2)} %</b> at step ${step.toLocaleString("en-US")}.</p>`;
}
