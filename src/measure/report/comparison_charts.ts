import { bestValidation, curveOf } from "./training_curve.js";
import { lineChart, type Series } from "./chart.js";
import { type ComparedRun, letterOf, lookOf } from "./compared_run.js";
import { ACCURACY, LOSS } from "./curves.js";
import { percent } from "./figures.js";
import { type Html, html } from "./html.js";
import { scatterChart, type ScatterPoint } from "./scatter.js";

/** Accuracy against parameters and against multiply-accumulates. */
export function sizeSection(runs: readonly ComparedRun[]): Html {
  const points = (size: "parameters" | "multiplyAccumulates"): ScatterPoint[] =>
    runs.flatMap(({ name, evaluation, [size]: x }, i) =>
      evaluation === undefined || x === undefined
        ? []
        : [{ letter: letterOf(i), name, look: lookOf(i), x, y: evaluation.accuracy, interval: evaluation.interval }],
    );
  const [parameters, macs] = [points("parameters"), points("multiplyAccumulates")];
  if (parameters.length + macs.length === 0) return html``;
  return html`<section><h2>How good for its size</h2><div class="charts">${scatterChart("parameters", parameters)}${scatterChart("multiply-accumulates", macs)}</div>
<p class="hint">Bars: 95 % interval of the accuracy. Runs of one size stand beside each other.</p></section>`;
}

/** Validation accuracy and loss of all runs by training step. */
export function curvesTogether(runs: readonly ComparedRun[]): Html {
  const accuracy = lines(runs, "validationAccuracy");
  const loss = lines(runs, "validationLoss");
  if (accuracy.length + loss.length === 0) return html``;
  const best = runs.flatMap((run, i) => {
    const found = bestValidation(run.training ?? []);
    return found === undefined
      ? []
      : [
          html`<li><span class="swatch ${lookOf(i)}">${letterOf(i)}</span> ${percent(found.accuracy, 2)} <i>at step ${found.step.toLocaleString("en-US")}</i></li>`,
        ];
  });
  return html`<section><h2>Training together</h2><div class="charts">${lineChart({ ...ACCURACY, title: "Validation accuracy" }, accuracy)}${lineChart({ ...LOSS, title: "Validation loss (nats)" }, loss)}</div>
${best.length > 0 && html`<p class="hint">Best validation accuracy:</p><ul class="bests">${best}</ul>`}</section>`;
}

function lines(runs: readonly ComparedRun[], figure: "validationAccuracy" | "validationLoss"): Series[] {
  return runs
    .map((run, i) => ({
      name: run.name,
      look: lookOf(i),
      letter: letterOf(i),
      points: curveOf(run.training ?? [], figure),
      marked: true,
    }))
    .filter((line) => line.points.length > 0);
}
