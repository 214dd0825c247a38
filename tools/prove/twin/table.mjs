import { nativeCompiler } from "../../../dist/engine/native_target.js";
import { alignedTable, machineLines, median } from "../../bench/bench_report.mjs";

/** Steps over which the losses are compared, and steps at either end, at most, whose mean loss is. */
const ends = 20;
/** Wanted of float64, where no rounding grows: losses, first moments and parameters; of float32: the loss of step 1. All relative. */
const limits = { loss: 1e-9, gradient: 1e-8, buffers: 1e-8, parameters: 1e-6, first: 1e-5 };

const mean = (list) => list.reduce((sum, x) => sum + x, 0) / list.length;
const ratio = (losses) => {
  const count = Math.min(ends, losses.length >> 1);
  return mean(losses.slice(-count)) / mean(losses.slice(0, count));
};
const largest = (ours, theirs) => Math.max(...ours.map((x, i) => Math.abs(x - theirs[i]) / Math.abs(theirs[i])));

/** What is kept of a comparison. */
export function rowOf(recipe, ours, theirs) {
  const { double } = theirs;
  return {
    recipe,
    steps: ours.losses.length,
    double: {
      steps: ours.double.length,
      loss: largest(ours.double, double.losses),
      gradient: double.gradient,
      parameters: double.parameters,
      buffers: double.buffers,
      idle: double.idle.length,
      idleGradient: double.idleGradient,
    },
    first: largest(ours.losses.slice(0, 1), theirs.losses),
    twenty: largest(ours.losses.slice(0, ends), theirs.losses),
    all: largest(ours.losses, theirs.losses),
    parameters: theirs.parameters,
    rounding: theirs.rounding,
    theirRounding: theirs.theirRounding,
    rates: theirs.rates,
    ratio: ratio(ours.losses),
    theirRatio: ratio(theirs.losses),
    ...(theirs.exactLosses
      ? { exactRatio: ratio(theirs.exactLosses), theirAll: largest(theirs.losses, theirs.exactLosses) }
      : {}),
    milliseconds: median(ours.milliseconds),
    theirMilliseconds: median(theirs.milliseconds),
    target: ours.target,
    torch: theirs.torch,
    date: new Date().toISOString().slice(0, 10),
    losses: ours.losses,
    theirLosses: theirs.losses,
  };
}

/** Whether the training is PyTorch's but for rounding. */
export function agrees({ first, rates, double: { loss, gradient, buffers, parameters } }) {
  const within = loss <= limits.loss && gradient[0] <= limits.gradient && buffers[0] <= limits.buffers;
  return within && parameters <= limits.parameters && first <= limits.first && rates < 1e-12;
}

const legend = `npm run prove:twins: published trainings beside the same in PyTorch: the same graph, evaluated op by op in torch's own terms
(tools/prove/twin), the same first values, the very batches, the same masks of dropout; gradients are autograd's, updates torch.optim's
where it has the rule (else written from their sources). All differences are relative.
  steps       200 of the recipes that are slow to fall, 30 of the others; fewer where the time was bounded (--steps, --seconds)
  f64         so many steps in double precision on both sides, where no rounding grows; ours is the graph that is trained, behind all
              passes: largest difference of the loss; of the gradients of step 1 (their sums in the optimizer's slots), to a tensor's
              largest; of the parameters behind those steps, norm of all differences to that of all that the training has changed
  f32         as it is trained: difference of the loss in step 1, the largest of the first ${ends} steps, the largest of all;
              of the parameters after 1 step from PyTorch's in f64, as above, ours and PyTorch's own: Adam makes a whole step of a gradient that
              is nothing but rounding; of the parameters after ${ends} steps, ours from PyTorch's
  ratio       mean loss of the last ${ends} steps (half of them, where there are fewer than twice as many) to that of the first, ours and PyTorch's, and
              of some PyTorch's in double precision: what rounding alone does to it
  ms          CPU time of a step on one thread, ours (on) and PyTorch's, median: by the way, on a machine with other work
  idle        parameters for which we compute no gradient, as a batch norm behind them takes them off again; PyTorch's is rounding
  same        loss (f64) within ${limits.loss}, gradients ${limits.gradient}, moving statistics ${limits.buffers}, parameters ${limits.parameters},
              loss 1 (f32) within ${limits.first}, and the same learning rates`;

/** results/twins.txt; `names`: all recipes that there are. */
export function textOf(rows, names) {
  const missing = names.filter((name) => !rows.some(({ recipe }) => recipe === name));
  const count = `${names.length - missing.length} of ${names.length} recipes`;
  const left = missing.length === 0 ? count : `${count}; not run: ${missing.join(", ")}`;
  const small = (x) => (x === undefined ? "" : x.toExponential(1));
  const table = rows.map((row) => [
    row.recipe,
    String(row.steps),
    String(row.double.steps),
    small(row.double.loss),
    small(row.double.gradient[0]),
    small(row.double.parameters),
    small(row.first),
    small(row.twenty),
    small(row.all),
    small(row.rounding),
    small(row.theirRounding),
    small(row.parameters[20]),
    row.steps < 2 ? "" : row.ratio.toFixed(3),
    row.steps < 2 ? "" : row.theirRatio.toFixed(3),
    row.exactRatio?.toFixed(3) ?? "",
    row.milliseconds.toFixed(0),
    row.theirMilliseconds.toFixed(0),
    row.target,
    String(row.double.idle),
    agrees(row) ? "yes" : "NO",
  ]);
  const head = [
    "recipe",
    "steps",
    "f64",
    "loss",
    "gradient",
    "parameters",
    "loss 1",
    "loss 20",
    "loss all",
    "after 1",
    "torch's",
    "after 20",
    "ratio",
    "torch's",
    "in f64",
    "ms",
    "torch's",
    "on",
    "idle",
    "same",
  ];
  return [
    ...machineLines(nativeCompiler()),
    `torch        ${rows[0]?.torch}`,
    "",
    ...alignedTable(head, table),
    "",
    left,
    "",
    legend,
    "",
  ].join("\n");
}
