import type { TrainingRecord } from "../training_log.js";
import { type ChartAxis, lineChart, type Series } from "./chart.js";
import { percent } from "./figures.js";
import { type Html, html } from "./html.js";
import { bestValidation, curveOf } from "./training_curve.js";

/** Axis of a loss in nats. */
export const LOSS: ChartAxis = {
  title: "Loss (nats)",
  lowest: 0,
  highest: Infinity,
  fromLowest: true,
  format: (value) => (value >= 10 ? value.toFixed(0) : value.toFixed(2)),
  exact: (value) => value.toPrecision(3),
};
/** Axis of a fraction. */
export const ACCURACY: ChartAxis = {
  title: "Accuracy",
  lowest: 0,
  highest: 1,
  fromLowest: false,
  format: (value) => `${Number((value * 100).toFixed(1))} %`,
  exact: (value) => percent(value, 1),
};

/** Loss and accuracy by training step; nothing where neither was recorded. */
export function curvesSection(records: readonly TrainingRecord[]): Html {
  const loss = lines(records, "loss", "validationLoss");
  const accuracy = lines(records, "accuracy", "validationAccuracy");
  if ([...loss, ...accuracy].every((line) => line.points.length === 0)) return html``;
  return html`<section><h2>Training</h2>${best(records)}<div class="charts">${lineChart(LOSS, loss)}${lineChart(ACCURACY, accuracy)}</div></section>`;
}

type Figure = Parameters<typeof curveOf>[1];

function lines(records: readonly TrainingRecord[], training: Figure, validation: Figure): Series[] {
  return [
    { name: "training", look: "first", points: curveOf(records, training) },
    { name: "validation", look: "second", points: curveOf(records, validation), marked: true },
  ];
}

function best(records: readonly TrainingRecord[]): Html {
  const found = bestValidation(records);
  if (found === undefined) return html``;
  return html`<p class="lead">Best validation accuracy <b>${(found.accuracy * 100).toFixed(2)} %</b> at step ${found.step.toLocaleString("en-US")}.</p>`;
}
