/** How the learning rate runs over the steps. Steps are counted from 1; the rate is set before every step. */
export type Schedule =
  | { readonly kind: "constant"; readonly rate: number }
  /** Rate i while step <= steps 0 + ... + i (kws_streaming `linear`, Hello Edge 2017); the last rate holds to the end. */
  | { readonly kind: "piecewise"; readonly rates: readonly number[]; readonly steps: readonly number[] }
  /** first * exp(-step * ln(first / last) / all steps) (kws_streaming `exp`). */
  | { readonly kind: "exponential"; readonly first: number; readonly last: number }
  /**
   * Linear from 0 to `rate` in `warmup` steps, then half a cosine down to `last` (Loshchilov and Hutter 2017, without restarts). With peaks it
   * goes up again, along half a cosine too, that many times before the last descent (PyTorch's CosineAnnealingLR as FastCells uses it).
   */
  | {
      readonly kind: "cosine";
      readonly rate: number;
      readonly last: number;
      readonly warmup: number;
      readonly peaks?: number | undefined;
    }
  /**
   * rate * gamma^floor(step / every) (PyTorch's StepLR; with `every` 1 its ExponentialLR). With `restart` the count begins anew behind a
   * third of the steps (FastCells' ExponentialResettingLR).
   */
  | {
      readonly kind: "decay";
      readonly rate: number;
      readonly gamma: number;
      readonly every: number;
      readonly restart: boolean;
    }
  /**
   * In straight lines from `rate` down to `last` and up again, `peaks` times, and down at last (train_classifier's TriangleLR of EdgeML's FastCells);
   * the range between the two is multiplied by gamma^(step / 3).
   */
  | {
      readonly kind: "triangular";
      readonly rate: number;
      readonly last: number;
      readonly peaks: number;
      readonly gamma: number;
    };

/**
 * Learning rate of a step.
 * @param step counted from 1
 * @param steps of the whole training
 */
export function learningRateAt(schedule: Schedule, step: number, steps: number): number {
  switch (schedule.kind) {
    case "constant":
      return schedule.rate;
    case "piecewise":
      return piecewise(schedule.rates, schedule.steps, step);
    case "exponential":
      return schedule.first * Math.exp((-step * Math.log(schedule.first / schedule.last)) / steps);
    case "cosine":
      return cosine(schedule, step, steps);
    case "decay":
      return decay(schedule, step, steps);
    case "triangular":
      return triangular(schedule, step, steps);
  }
}

function piecewise(rates: readonly number[], lengths: readonly number[], step: number): number {
  let end = 0;
  for (const [i, length] of lengths.entries()) {
    end += length;
    if (step <= end) return rates[i];
  }
  return rates.at(-1) as number;
}

function cosine({ rate, last, warmup, peaks = 0 }: Extract<Schedule, { kind: "cosine" }>, step: number, steps: number): number {
  if (step <= warmup) return (rate * step) / warmup;
  const done = Math.min(1, (step - warmup) / Math.max(1, steps - warmup));
  return last + (rate - last) * 0.5 * (1 + Math.cos(Math.PI * done * (2 * peaks + 1)));
}

function decay({ rate, gamma, every, restart }: Extract<Schedule, { kind: "decay" }>, step: number, steps: number): number {
  const count = restart && step > steps / 3 ? step - Math.floor(steps / 3) : step;
  return rate * gamma ** Math.floor(count / every);
}

function triangular(
  { rate, last, peaks, gamma }: Extract<Schedule, { kind: "triangular" }>,
  step: number,
  steps: number,
): number {
  const halves = (Math.min(step, steps) / steps) * (2 * peaks + 1);
  const place = halves % 2;
  const height = place < 1 ? 1 - place : place - 1;
  return last + (rate - last) * height * gamma ** (step / 3);
}
