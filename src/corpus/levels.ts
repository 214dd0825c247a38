/** How loud a recording is. */
export interface Levels {
  /** Largest magnitude, full scale 1. */
  peak: number;
  /** Root mean square, full scale 1. */
  rms: number;
  /** Samples in runs of at least three equal ones at 99 % of full scale or more. */
  clipped: number;
}

const shortestRun = 3;

/** Measures samples, shape [n]. */
export function measureLevels(samples: Float32Array): Levels {
  let peak = 0;
  let squares = 0;
  let clipped = 0;
  let run = 0;
  for (let i = 0; i < samples.length; i++) {
    const value = samples[i];
    const magnitude = Math.abs(value);
    if (magnitude > peak) peak = magnitude;
    squares += value * value;
    run = magnitude >= 0.99 && (run === 0 || value === samples[i - 1]) ? run + 1 : magnitude >= 0.99 ? 1 : 0;
    if (run === shortestRun) clipped += shortestRun;
    else if (run > shortestRun) clipped++;
  }
  return { peak, rms: samples.length === 0 ? 0 : Math.sqrt(squares / samples.length), clipped };
}

/** 20 log10 of an amplitude relative to full scale; -Infinity for 0. */
export function decibels(amplitude: number): number {
  return 20 * Math.log10(amplitude);
}
