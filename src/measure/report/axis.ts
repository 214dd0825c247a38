/** Bounds that an axis must not go beyond: a fraction ends at 1. */
export interface AxisBounds {
  lowest: number;
  highest: number;
}

/** Round values that span [low, high], a step of 1, 2 or 5 times a power of ten apart; at least two. */
export function roundTicks(low: number, high: number, wanted: number, bounds: AxisBounds): number[] {
  const span = Math.max(high - low, Math.abs(high) * 1e-3, 1e-9);
  const step = roundStep(span / wanted);
  const from = Math.max(bounds.lowest, Math.floor(low / step + 1e-9) * step);
  const to = Math.min(bounds.highest, Math.max(Math.ceil(high / step - 1e-9) * step, from + step));
  const values: number[] = [];
  for (let i = 0; from + i * step <= to + step * 1e-6; i++) values.push(from + i * step);
  if (values.length < 2) values.unshift(from - step);
  return values;
}

/** Round values from zero to at most `right`, about six of them. */
export function stepTicks(right: number): number[] {
  const step = Math.max(1, roundStep(right / 6));
  return Array.from({ length: Math.floor(right / step) + 1 }, (_, i) => i * step);
}

/**
 * Ticks of a logarithmic axis: 1, 2 and 5 times powers of ten, or powers of ten alone where those would be too many.
 * @returns the ticks, the outer two of which enclose [low, high]; low is above zero
 */
export function logarithmicTicks(low: number, high: number): number[] {
  const digits = high / low < 200 ? [1, 2, 5] : [1];
  const values: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)) + 1; power++)
    for (const digit of digits) values.push(digit * 10 ** power);
  const first = values.findLastIndex((value) => value <= low * (1 - 1e-9));
  const last = values.findIndex((value) => value >= high * (1 + 1e-9));
  return values.slice(Math.max(0, first), last + 1);
}

function roundStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const digit = [1, 2, 5, 10].find((candidate) => candidate * power >= rough * (1 - 1e-9)) as number;
  return digit * power;
}
